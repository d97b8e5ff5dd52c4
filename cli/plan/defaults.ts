import { isJsonObject, type Json, type JsonObject } from "../../operator/api/json.ts";
import type { Schema } from "./schema.ts";

/**
 * A value with its defaults filled in, as the API server does before it validates: a null is as good as nothing where
 * the schema allows no null (apiextensions, "Defaulting and Nullable").
 */
export function withDefaults(value: Json, schema: Schema): Json {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? value : (value as readonly Json[]).map((item) => withDefaults(item, items));
  }
  if (!isJsonObject(value)) return value;
  const { properties = {}, additionalProperties } = schema;
  const filled: Record<string, Json> = {};
  for (const [key, given] of Object.entries(value)) {
    const property = Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (given === undefined || (given === null && property !== undefined && property.nullable !== true)) continue;
    const own = property ?? (typeof additionalProperties === "object" ? additionalProperties : undefined);
    filled[key] = own === undefined ? given : withDefaults(given, own);
  }
  for (const [key, property] of Object.entries(properties)) {
    if (filled[key] === undefined && property.default !== undefined) {
      filled[key] = withDefaults(property.default, property);
    }
  }
  return filled satisfies JsonObject;
}
