import { isProblem, type Problem, problems } from "../errors.ts";
import type { Signature, Tensor } from "../tensor.ts";
import { columnsJson, readColumns } from "./columns.ts";
import { field, parseObject } from "./json.ts";
import { hasIntegers64, type InferenceRequest } from "./v2.ts";

const expected = 'a JSON object as {"input_data": nested arrays, or an object from input name to nested arrays}';

/** Body of POST /predict: the shape of each input is the nesting of its arrays. */
export function decodePredict(body: Uint8Array, signature: Signature): InferenceRequest | Problem {
  const request = parseObject(body, { exactIntegers: hasIntegers64(signature), expected });
  if (isProblem(request)) return request;
  if (!Object.hasOwn(request, "input_data")) return problems.missingField("input_data", expected);
  const inputs = readColumns(field(request, "input_data"), signature, "input_data");
  return isProblem(inputs) ? inputs : { inputs, outputs: undefined };
}

/** `{"model_name","model_version","predictions"}`: nested arrays of the one output, or an object by output name. */
export function encodePredict(
  model: { readonly name: string; readonly version: string },
  outputs: readonly Tensor[],
): string {
  return `{"model_name":${JSON.stringify(model.name)},"model_version":${JSON.stringify(model.version)},"predictions":${columnsJson(outputs)}}`;
}
