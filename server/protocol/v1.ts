import { isProblem, type Problem, problems } from "../errors.ts";
import { tensorProblems } from "../tensor-problems.ts";
import { closeBracket, openBrace, openBracket } from "../json/byte.ts";
import { type Cursor, peek, skipSpace } from "../json/cursor.ts";
import { readBody } from "../json/read-body.ts";
import { skipValue } from "../json/read-value.ts";
import type { Signature, Tensor } from "../tensor.ts";
import { isBase64Of, readColumn, readColumns, wrongValue } from "./read/columns.ts";
import { type EncodedAnswer, type InferenceRequest, onlyInputOf } from "./request.ts";
import { readRows } from "./read/rows.ts";
import { columnsText, hasRows, rowsText } from "./write/output-text.ts";
import { textAnswer } from "./write/text-answer.ts";

export interface V1Request extends InferenceRequest {
  /** `instances` in, `predictions` out: a number of rows. `inputs` in, `outputs` out: undefined. */
  readonly rows: number | undefined;
}

const expected = 'a JSON object as {"instances": [one value per row]} or {"inputs": nested arrays by input}';
const fields: readonly string[] = ["instances", "inputs"];

/**
 * Body of POST /v1/models/M:predict, as TensorFlow Serving's REST API has it and KServe took it over. `instances` is a
 * list of rows: the value of the only input, or an object from input name to value; rows are stacked along a new first
 * dimension. `inputs` holds whole tensors.
 */
export function decodeV1(body: Uint8Array, signature: Signature): V1Request | Problem {
  let byRow: V1Request | Problem | undefined;
  let whole: V1Request | Problem | undefined;
  const mistake = readBody(body, expected, fields, (cursor, key) => {
    const start: Cursor = { ...cursor };
    const request = key === "instances" ? readInstances(cursor, signature) : readInputs(cursor, signature);
    if (key === "instances") byRow = request;
    else whole = request;
    if (!isProblem(request)) return undefined;
    // What follows says whether this is the mistake to tell.
    cursor.at = start.at;
    cursor.depth = start.depth;
    return skipValue(cursor);
  });
  if (mistake !== undefined) return mistake;
  if (byRow !== undefined && whole !== undefined) return problems.conflictingFields('"instances" and "inputs"');
  return byRow ?? whole ?? problems.missingField("instances", expected);
}

/** Body of the answer; a problem when the outputs do not have one row for each instance. */
export function encodeV1(rows: number | undefined, outputs: readonly Tensor[]): EncodedAnswer | Problem {
  if (rows === undefined) return textAnswer('{"outputs":', columnsText(outputs), "}");
  for (const output of outputs) {
    if (!hasRows(output, rows)) return tensorProblems.notByRow(output.name, output.shape, rows);
  }
  return textAnswer('{"predictions":', rowsText(outputs, rows), "}");
}

function readInputs(cursor: Cursor, signature: Signature): V1Request | Problem {
  const inputs = readColumns(cursor, signature, "inputs");
  return isProblem(inputs) ? inputs : { rows: undefined, inputs, outputs: undefined };
}

function readInstances(cursor: Cursor, signature: Signature): V1Request | Problem {
  if (peek(cursor) !== openBracket) return wrongValue(cursor, "instances", "an array with one value per row");
  const inside: Cursor = { ...cursor, at: cursor.at + 1 };
  const first = skipSpace(inside);
  if (first === closeBracket) return wrongValue(cursor, "instances", "an array of at least one row");
  const only = onlyInputOf(signature.inputs);
  if (only === undefined || (first === openBrace && !isBase64Of(inside, only))) {
    const rows = readRows(cursor, signature, "instances");
    return isProblem(rows) ? rows : { ...rows, outputs: undefined };
  }
  const tensor = readColumn(cursor, only, "instances");
  return isProblem(tensor) ? tensor : { rows: tensor.shape[0] ?? 0, inputs: [tensor], outputs: undefined };
}
