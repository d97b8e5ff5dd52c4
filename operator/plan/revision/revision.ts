import { createHash } from "node:crypto";
import type { Spec, VersionEntry } from "../../api/model.ts";
import { revisionHashLength } from "../../api/names.ts";

/** One version under one set of serving fields: all that shapes its pods. Immutable, named by a hash of its inputs. */
export interface Revision {
  readonly hash: string;
  readonly inputs: RevisionInputs;
}

/**
 * What the user wrote, as it was written. Never here: replicas, scaling, rollout, the Service, labels, annotations
 * (they change no pod), and nothing that the operator adds (so that another operator restarts nothing).
 */
export type RevisionInputs = { readonly version: VersionEntry } & Partial<Pick<Spec, (typeof servingFields)[number]>>;

/** The fields of the spec that shape pods. */
const servingFields = [
  "server",
  "resources",
  "source",
  "gpu",
  "placement",
  "podTemplate",
  "restartToken",
] as const satisfies readonly (keyof Spec)[];

/** The revision that the spec asks for, or undefined when spec.version names no entry (the API server refuses that). */
export function targetRevision(spec: Spec): Revision | undefined {
  const entry = spec.versions.find((version) => version.name === spec.version);
  return entry === undefined ? undefined : revisionOf(spec, entry);
}

export function revisionOf(spec: Spec, entry: VersionEntry): Revision {
  const serving = servingFields.filter((field) => spec[field] !== undefined).map((field) => [field, spec[field]]);
  const inputs: RevisionInputs = { version: entry, ...Object.fromEntries(serving) };
  return { hash: hashOf(inputs).slice(0, revisionHashLength), inputs };
}

/** sha256 in hex over the {@link canonicalJson} of a value. */
export function hashOf(value: unknown): string {
  return hashOfText(canonicalJson(value));
}

export function hashOfText(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** JSON with its keys sorted and undefined left out. Every child of every pass goes through it: no array a key. */
export function canonicalJson(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  let text = "";
  if (Array.isArray(value)) {
    for (const item of value) text += `${text === "" ? "" : ","}${canonicalJson(item)}`;
    return `[${text}]`;
  }
  const fields = value as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(fields).toSorted()) {
    const field = fields[key];
    if (field !== undefined) text += `${text === "" ? "" : ","}${JSON.stringify(key)}:${canonicalJson(field)}`;
  }
  return `{${text}}`;
}
