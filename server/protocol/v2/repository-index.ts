import { isProblem, type Problem, problems } from "../../errors.ts";
import { readBody } from "../../json/read-body.ts";
import { readValue } from "../../json/read-value.ts";

/**
 * Body of POST v2/repository/index (Triton's model repository extension, "Index"): nothing, or `{"ready": true}` for the
 * models alone that take requests.
 */
export function wantsReadyOnly(body: Uint8Array): boolean | Problem {
  if (body.length === 0) return false;
  let isReadyOnly = false;
  const mistake = readBody(body, 'nothing, or a JSON object as {"ready":true}', ["ready"], (cursor) => {
    const value = readValue(cursor);
    if (isProblem(value)) return value;
    if (value !== null && typeof value !== "boolean") return problems.wrongField("ready", value, "true or false");
    isReadyOnly = value ?? false;
    return undefined;
  });
  return mistake ?? isReadyOnly;
}
