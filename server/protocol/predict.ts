import { isProblem, type Problem, problems } from "../errors.ts";
import { readBody } from "../json/read-body.ts";
import type { Signature, Tensor } from "../tensor.ts";
import { readColumns } from "./read/columns.ts";
import type { EncodedAnswer, InferenceRequest } from "./request.ts";
import { columnsText } from "./write/output-text.ts";
import { textAnswer } from "./write/text-answer.ts";

const expected = 'a JSON object as {"input_data": nested arrays, or an object from input name to nested arrays}';
const fields: readonly string[] = ["input_data"];

/** Body of POST /predict: the shape of each input is the nesting of its arrays. */
export function decodePredict(body: Uint8Array, signature: Signature): InferenceRequest | Problem {
  let inputs: readonly Tensor[] | undefined;
  const mistake = readBody(body, expected, fields, (cursor) => {
    const columns = readColumns(cursor, signature, "input_data");
    if (isProblem(columns)) return columns;
    inputs = columns;
    return undefined;
  });
  if (mistake !== undefined) return mistake;
  return inputs === undefined ? problems.missingField("input_data", expected) : { inputs, outputs: undefined };
}

/** `{"model_name","model_version","predictions"}`: nested arrays of the one output, or an object by output name. */
export function encodePredict(
  model: { readonly name: string; readonly version: string },
  outputs: readonly Tensor[],
): EncodedAnswer {
  const head = `{"model_name":${JSON.stringify(model.name)},"model_version":${JSON.stringify(model.version)},"predictions":`;
  return textAnswer(head, columnsText(outputs), "}");
}
