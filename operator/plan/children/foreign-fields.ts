/** Fields of a child that somebody else wrote, from the managed fields that the API server keeps of every object. */
import type { Json, JsonObject } from "../../api/json.ts";
import { isJsonObject } from "../../api/json.ts";

/**
 * A tree as in `fieldsV1` (Kubernetes' server-side apply): `f:NAME` is a field, `k:{"name":"server"}` the item of a
 * list that has these keys, and what has nothing below it was written as a whole. Undefined when nobody else wrote any.
 */
export type ForeignFields = JsonObject | undefined;

export interface FieldsOfManager {
  readonly subresource?: string;
  readonly fieldsV1?: object;
}

/** Of these managers outside the metadata, which is shared. What comes by a subresource, such as a scale, is meant to. */
export function foreignFields(managers: readonly FieldsOfManager[]): ForeignFields {
  const trees = managers
    .filter(({ subresource = "" }) => subresource === "")
    .map(({ fieldsV1 = {} }) => Object.entries(fieldsV1).filter(([key]) => key !== "f:metadata"))
    .filter((entries) => entries.length > 0)
    .map((entries) => Object.fromEntries<Json>(entries));
  return trees.length === 0 ? undefined : trees.reduce<JsonObject>(union, {});
}

function union(left: JsonObject, right: JsonObject): JsonObject {
  const both = { ...left };
  for (const [key, below] of Object.entries(right)) {
    const other = both[key];
    both[key] = isJsonObject(other) && isJsonObject(below) ? union(other, below) : below;
  }
  return both;
}

export function fieldBelow(foreign: ForeignFields, key: string): ForeignFields {
  const below = foreign?.[`f:${key}`];
  return isJsonObject(below) ? below : undefined;
}

/** Of the item of a list. Only lists that the API server merges by keys are followed; others are written as a whole. */
export function itemBelow(foreign: ForeignFields, item: Json | undefined): ForeignFields {
  if (foreign === undefined || !isJsonObject(item)) return undefined;
  const found = Object.entries(foreign).find(([name]) => name.startsWith("k:") && hasKeys(item, name.slice(2)));
  return found !== undefined && isJsonObject(found[1]) ? found[1] : undefined;
}

/**
 * A field is there because somebody else wrote it, alone or with the whole of an atomic map such as a nodeSelector, of which
 * the tree has nothing below. Where it says no more than a default of the API server, taking it away changes nothing; that
 * is found out by doing it (settled.ts), once.
 */
export function isAddition(key: string, foreign: ForeignFields): boolean {
  if (foreign === undefined) return false;
  return Object.keys(foreign).length === 0 || fieldBelow(foreign, key) !== undefined;
}

function hasKeys(item: JsonObject, text: string): boolean {
  const keys = JSON.parse(text) as JsonObject;
  return Object.entries(keys).every(([key, value]) => item[key] === value);
}
