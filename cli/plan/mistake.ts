import type { Json } from "../../operator/api/json.ts";

/** One thing that the API server would refuse, with where and what to do. */
export interface Mistake {
  /** `spec.versions[0].uri` */
  readonly path: string;
  readonly message: string;
}

const shownCharacters = 80;

/** A value of the user's in a message: on one line and not too long. */
export function showValue(value: Json | undefined): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text;
}

export function below(path: string, key: string): string {
  const name = /^[A-Za-z_][A-Za-z0-9_]*$/.test(key) ? key : undefined;
  if (name === undefined) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? name : `${path}.${name}`;
}
