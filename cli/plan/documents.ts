import { loadAll } from "js-yaml";
import { isJsonObject, type Json, type JsonObject, valueAt } from "../../operator/api/json.ts";
import { apiVersion, kinds } from "../../operator/api/kinds.ts";
import { failed } from "../complaint.ts";

/** The objects of a file of manifests, those of a List taken out of it. */
export interface Documents {
  readonly models: readonly JsonObject[];
  readonly others: readonly JsonObject[];
}

/** Reads YAML or JSON. Throws a complaint when it is neither, or holds something that is no object. */
export function readDocuments(text: string, file: string): Documents {
  let parsed: unknown[];
  try {
    parsed = loadAll(text);
  } catch (error) {
    throw failed(`${file} is not YAML: ${error instanceof Error ? error.message : String(error)}`, error);
  }
  // Through JSON, as the API server reads it: dates become text, and what JSON has no form for is gone.
  const objects = (JSON.parse(JSON.stringify(parsed)) as Json[]).filter((item) => item !== null).flatMap(unfold);
  const models: JsonObject[] = [];
  const others: JsonObject[] = [];
  for (const [index, object] of objects.entries()) {
    if (!isJsonObject(object)) throw failed(`${file}: document ${index + 1} is no object with apiVersion and kind`);
    if (isModel(object, file, index)) models.push(object);
    else others.push(object);
  }
  return { models, others };
}

function unfold(item: Json): Json[] {
  const items = valueAt(item, "items");
  return isJsonObject(item) && typeof item["kind"] === "string" && item["kind"].endsWith("List") && Array.isArray(items)
    ? [...(items as Json[])]
    : [item];
}

function isModel(object: JsonObject, file: string, index: number): boolean {
  const { kind, apiVersion: version } = object as { readonly kind?: Json; readonly apiVersion?: Json };
  const where = `${file}: document ${index + 1}`;
  if (typeof kind !== "string" || typeof version !== "string") {
    throw failed(
      `${where} has no ${typeof kind === "string" ? "apiVersion" : "kind"}: a model has apiVersion: ${apiVersion(kinds.model)} and kind: ${kinds.model.kind}`,
    );
  }
  if (kind !== kinds.model.kind) return false;
  if (version === apiVersion(kinds.model)) return true;
  throw failed(`${where} has apiVersion ${version}: this release knows ${apiVersion(kinds.model)}`);
}
