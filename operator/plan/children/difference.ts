import type { Json, JsonObject } from "../../api/json.ts";
import { isJsonObject } from "../../api/json.ts";
import { quantity } from "../../api/quantity.ts";
import { fieldBelow, type ForeignFields, isAddition, itemBelow } from "./foreign-fields.ts";
import { hashOf } from "../revision/revision.ts";

/** How an object differs from what it should be. */
export interface Difference {
  /** JSON merge patch (RFC 7386) that puts it right. */
  readonly patch: JsonObject;
  readonly fields: readonly FieldDifference[];
}

export interface FieldDifference {
  /** Such as `spec.selector`; a list is one field. */
  readonly path: string;
  /** Undefined: the field should not be there. */
  readonly wanted: Json | undefined;
  readonly found: Json | undefined;
}

export interface DifferenceOptions {
  /** Paths of maps that are wholly ours: a key that we do not set is taken away. */
  readonly exact: readonly string[];
  /** Paths of lists that are wholly ours, down to the last field of their items, in which something empty may mean much. */
  readonly whole?: readonly string[];
  /** Paths of fields that are taken away where they are found. */
  readonly absent: readonly string[];
  /** Paths of fields that are left as they are. */
  readonly except?: readonly string[];
  /** Paths below which a field that somebody else added is taken away. */
  readonly ours?: readonly string[];
  readonly foreign?: ForeignFields;
}

/**
 * Compares what we set, so that defaults and other people's metadata are left alone, and finds what others added where
 * all is ours. A list is replaced as a whole when its length or one of its items differs; items keep the fields that
 * the server filled in (a node port). An owner reference is looked for among those of others.
 */
export function differenceOf(
  desired: JsonObject,
  observed: JsonObject,
  options: DifferenceOptions,
): Difference | undefined {
  const fields: FieldDifference[] = [];
  const patch = compareObjects(desired, observed, "", options.foreign, options, fields);
  return patch === undefined ? undefined : { patch, fields };
}

function compareObjects(
  desired: JsonObject,
  observed: JsonObject,
  path: string,
  foreign: ForeignFields,
  options: DifferenceOptions,
  fields: FieldDifference[],
): JsonObject | undefined {
  const patch: Record<string, Json> = {};
  for (const [key, value] of Object.entries(desired)) {
    if (value === undefined) continue;
    const at = path === "" ? key : `${path}.${key}`;
    if (options.except?.includes(at)) continue;
    const found = observed[key];
    if (at === "metadata.ownerReferences") {
      const references = withOwner(value, found);
      if (references !== undefined) {
        patch[key] = references;
        fields.push({ path: at, wanted: value, found });
      }
    } else if (options.whole?.includes(at)) {
      if (hashOf(value) !== hashOf(found)) {
        patch[key] = value;
        fields.push({ path: at, wanted: value, found });
      }
    } else if (isJsonObject(value) && isJsonObject(found)) {
      const inner = compareObjects(value, found, at, fieldBelow(foreign, key), options, fields);
      if (inner !== undefined) patch[key] = inner;
    } else {
      const theirs = isOurs(at, options) ? fieldBelow(foreign, key) : undefined;
      if (isSet(value, found, at, theirs)) continue;
      patch[key] = merged(value, found, theirs);
      fields.push({ path: at, wanted: value, found });
    }
  }
  for (const key of Object.keys(observed)) {
    const at = `${path}.${key}`;
    if (Object.hasOwn(desired, key) || options.except?.includes(at)) continue;
    const added = isOurs(at, options) && isAddition(key, foreign);
    if (!added && !options.exact.includes(path) && !options.absent.includes(at)) continue;
    patch[key] = null;
    fields.push({ path: at, wanted: undefined, found: observed[key] });
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

function isOurs(path: string, { ours = [] }: DifferenceOptions): boolean {
  return ours.some((prefix) => path === prefix || path.startsWith(`${prefix}.`));
}

/** Whether everything that `desired` says is so in `found`, and nothing of it is an addition. */
function isSet(desired: Json, found: Json | undefined, path: string, foreign: ForeignFields): boolean {
  if (Array.isArray(desired)) {
    if (!Array.isArray(found) || found.length !== desired.length) return desired.length === 0 && found === undefined;
    return desired.every((item: Json, index) => {
      const other = found[index] as Json;
      return isSet(item, other, path, itemBelow(foreign, other));
    });
  }
  if (isJsonObject(desired)) {
    if (!isJsonObject(found)) return Object.keys(desired).length === 0 && found === undefined;
    if (hasAddition(desired, found, foreign)) return false;
    return Object.entries(desired).every(
      ([key, value]) => value === undefined || isSet(value, found[key], `${path}.${key}`, fieldBelow(foreign, key)),
    );
  }
  if (desired === found) return true;
  // The API server leaves out what is empty.
  if ((desired === "" || desired === null) && found === undefined) return true;
  return isQuantityPath(path) && sameQuantity(desired, found);
}

function hasAddition(desired: JsonObject, found: JsonObject, foreign: ForeignFields): boolean {
  if (foreign === undefined) return false;
  return Object.keys(found).some((key) => !Object.hasOwn(desired, key) && isAddition(key, foreign));
}

/** The value to write: ours, with the fields that the server filled in to the same list items, and without additions. */
function merged(desired: Json, found: Json | undefined, foreign: ForeignFields): Json {
  if (Array.isArray(desired) && Array.isArray(found) && desired.length === found.length) {
    return desired.map((item: Json, index) => {
      const other = found[index] as Json | undefined;
      return merged(item, other, itemBelow(foreign, other));
    });
  }
  if (isJsonObject(desired) && isJsonObject(found)) {
    const kept = Object.entries(found).filter(([key]) => !Object.hasOwn(desired, key) && !isAddition(key, foreign));
    const entries = Object.entries(desired).map(([key, value]) => [
      key,
      merged(value ?? null, found[key], fieldBelow(foreign, key)),
    ]);
    return Object.fromEntries([...kept, ...entries]) as JsonObject;
  }
  return desired;
}

/** Undefined when our reference is there; else the list with it, other owners kept. */
function withOwner(desired: Json, found: Json | undefined): Json | undefined {
  const ours = Array.isArray(desired) ? (desired as readonly Json[]) : [];
  const theirs = Array.isArray(found) ? (found as readonly Json[]) : [];
  const missing = ours.filter((reference) => !theirs.some((other) => isSet(reference, other, "", undefined)));
  if (missing.length === 0) return undefined;
  const uids = new Set(missing.map(uidOf));
  return [...theirs.filter((other) => !uids.has(uidOf(other))), ...missing];
}

function uidOf(reference: Json): Json | undefined {
  return isJsonObject(reference) ? reference["uid"] : undefined;
}

function isQuantityPath(path: string): boolean {
  return /\.(requests|limits)\.[^.]+(\.[^.]+)*$|\.(divisor|sizeLimit|tolerance)$/.test(path);
}

/** `1000m` and `1`, `1Gi` and `1024Mi` are the same amount. */
function sameQuantity(left: Json, right: Json | undefined): boolean {
  const amounts = [left, right].map((value) =>
    typeof value === "string" || typeof value === "number" ? quantity(String(value)) : Number.NaN,
  );
  const [one, other] = amounts;
  return one !== undefined && other !== undefined && Math.abs(one - other) <= Math.abs(one) * Number.EPSILON;
}
