import { isJsonObject, type Json, type JsonObject } from "../../operator/api/json.ts";

/** What the API server makes of a merge patch (RFC 7386). */
export function mergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  const result: Record<string, Json | undefined> = { ...target };
  for (const [key, value] of Object.entries(patch)) {
    const found = result[key];
    if (value === null) delete result[key];
    else if (isJsonObject(value)) result[key] = mergePatch(isJsonObject(found) ? found : {}, value);
    else result[key] = value;
  }
  return result;
}
