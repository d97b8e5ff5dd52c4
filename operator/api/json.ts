/** JSON as it comes from and goes to the API server. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value at a path of keys, or undefined where there is none. */
export function valueAt(value: Json | undefined, ...path: readonly string[]): Json | undefined {
  let at = value;
  for (const key of path) at = isJsonObject(at) ? at[key] : undefined;
  return at;
}

/** The strings of a map such as labels, annotations or a ConfigMap's data; anything else in it is left out. */
export function stringsAt(value: Json | undefined, ...path: readonly string[]): Readonly<Record<string, string>> {
  const map = valueAt(value, ...path);
  if (!isJsonObject(map)) return {};
  const entries = Object.entries(map);
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}
