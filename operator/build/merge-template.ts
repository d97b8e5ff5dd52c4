import type { Json, JsonObject } from "../api/json.ts";
import { isJsonObject, stringsAt } from "../api/json.ts";
import { labels } from "../api/names.ts";

/** Labels by which everything finds its pods: an override of one would cut the pods off. */
const ownLabels: readonly string[] = [labels.model, labels.revision, labels.version];

/**
 * What tells the items of a list of a pod apart: `x-kubernetes-list-map-keys` of the API (1.36). The other lists of a
 * pod are atomic there.
 */
const listKeys: Readonly<Record<string, readonly string[]>> = {
  claims: ["name"],
  containers: ["name"],
  env: ["name"],
  ephemeralContainers: ["name"],
  hostAliases: ["ip"],
  imagePullSecrets: ["name"],
  initContainers: ["name"],
  ownerReferences: ["uid"],
  ports: ["containerPort", "protocol"],
  resourceClaims: ["name"],
  schedulingGates: ["name"],
  topologySpreadConstraints: ["topologyKey", "whenUnsatisfiable"],
  volumeDevices: ["devicePath"],
  volumeMounts: ["mountPath"],
  volumes: ["name"],
};

/** What the API takes for a part of a key that is left out. */
const keyDefaults: Readonly<Record<string, Json>> = { protocol: "TCP" };

/**
 * spec.podTemplate over what Slipway makes: objects are merged, lists that have keys item by item, other lists
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
    else result[key] = mergeValues(listKeys[key], result[key], value);
  }
  return result;
}

function mergeValues(keys: readonly string[] | undefined, base: Json | undefined, override: Json): Json {
  if (isJsonObject(base) && isJsonObject(override)) return mergeObjects(base, override);
  if (keys !== undefined && isObjectList(base) && isObjectList(override)) return mergeItems(keys, base, override);
  return override;
}

function mergeItems(keys: readonly string[], base: readonly JsonObject[], override: readonly JsonObject[]): Json {
  const areSame = (one: JsonObject, other: JsonObject): boolean =>
    keys.every((key) => (one[key] ?? keyDefaults[key]) === (other[key] ?? keyDefaults[key]));
  const changed = base.map((item) => override.filter((other) => areSame(other, item)).reduce(mergeObjects, item));
  const added = override.filter((item) => !base.some((other) => areSame(other, item)));
  return [...changed, ...added];
}

/** An empty list stands for none: it replaces. */
function isObjectList(value: Json | undefined): value is readonly JsonObject[] {
  return Array.isArray(value) && value.length > 0 && value.every((item: Json) => isJsonObject(item));
}
