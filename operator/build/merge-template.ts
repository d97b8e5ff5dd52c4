import type { Json, JsonObject } from "../api/json.ts";
import { isJsonObject, stringsAt } from "../api/json.ts";
import { labels } from "../api/names.ts";

/** Labels by which everything finds its pods: an override of one would cut the pods off. */
const ownLabels: readonly string[] = [labels.model, labels.revision, labels.version];

/**
 * spec.podTemplate over what Slipway makes: objects are merged, lists of named items item by item, other lists
 * replaced, null removes. The labels by which pods are found stay ours.
 */
export function mergeTemplate(base: JsonObject, override: JsonObject): JsonObject {
  const merged = mergeObjects(base, override);
  const metadata = isJsonObject(merged["metadata"]) ? merged["metadata"] : {};
  const own = stringsAt(base, "metadata", "labels");
  const kept = Object.fromEntries(ownLabels.map((name) => [name, own[name]]));
  return { ...merged, metadata: { ...metadata, labels: { ...stringsAt(metadata, "labels"), ...kept } } };
}

/** Labels of ours that an override would change. */
export function overriddenLabels(override: JsonObject): readonly string[] {
  return Object.keys(stringsAt(override, "metadata", "labels")).filter((name) => ownLabels.includes(name));
}

function mergeObjects(base: JsonObject, override: JsonObject): JsonObject {
  const result: Record<string, Json | undefined> = { ...base };
  for (const [key, value] of Object.entries(override)) {
    if (value === undefined) continue;
    if (value === null) delete result[key];
    else result[key] = mergeValues(result[key], value);
  }
  return result;
}

function mergeValues(base: Json | undefined, override: Json): Json {
  if (isJsonObject(base) && isJsonObject(override)) return mergeObjects(base, override);
  if (isNamedList(base) && isNamedList(override)) return mergeNamed(base, override);
  return override;
}

function mergeNamed(base: readonly JsonObject[], override: readonly JsonObject[]): Json {
  const changed = base.map((item) => {
    const over = override.find((other) => other["name"] === item["name"]);
    return over === undefined ? item : mergeObjects(item, over);
  });
  const added = override.filter((item) => !base.some((other) => other["name"] === item["name"]));
  return [...changed, ...added];
}

function isNamedList(value: Json | undefined): value is readonly JsonObject[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((item: Json) => isJsonObject(item) && typeof item["name"] === "string")
  );
}
