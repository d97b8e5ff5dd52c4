import { isProblem, type Problem, problems } from "../../errors.ts";
import { binaryProblems } from "./binary-problems.ts";
import { tensorProblems } from "../../tensor-problems.ts";
import { openBrace, openBracket } from "../../json/byte.ts";
import { type Cursor, open, peek } from "../../json/cursor.ts";
import { readBody, readObject } from "../../json/read-body.ts";
import { nextElement } from "../../json/read-members.ts";
import { readValue } from "../../json/read-value.ts";
import type { Signature, Tensor, TensorData, TensorSpec } from "../../tensor.ts";
import { readBinary } from "./binary-tensor.ts";
import { wrongValue } from "../read/columns.ts";
import { createNames } from "../read/names.ts";
import { decodeRaw } from "./raw-request.ts";
import type { InferenceRequest } from "../request.ts";
import { readInput } from "./read-input.ts";
import { parameterLevels, readSwitch } from "./read-parameters.ts";

export interface V2Request extends InferenceRequest {
  /** Echoed in the answer. */
  readonly id: string | undefined;
  /** Which outputs are to come in binary form. */
  readonly binary: BinaryOutputs;
}

export interface BinaryOutputs {
  readonly byDefault: boolean;
  /** What was said of single outputs, by name. */
  readonly byName: ReadonlyMap<string, boolean>;
}

const expected = 'a JSON object as {"inputs":[{"name","shape","datatype","data"}]}';
const fields: readonly string[] = ["inputs", "outputs", "id", "parameters"];

/**
 * Body of POST v2/models/M[/versions/V]/infer (Open Inference Protocol, inference_rest.md, "Inference Request JSON
 * Object"). `data` is flat or nested in row-major order. With `headerLength`, only so many bytes are JSON, and the data
 * of inputs that say their `binary_data_size` follows in their order (Triton's binary tensor data extension); 0 of them:
 * the body is the data of the only input. Typed arrays may be views of `body`.
 */
export function decodeV2(
  body: Uint8Array,
  signature: Signature,
  headerLength: number | undefined,
): V2Request | Problem {
  if (headerLength === 0) {
    const tensor = decodeRaw(body, signature);
    return isProblem(tensor)
      ? tensor
      : { id: undefined, inputs: [tensor], outputs: undefined, binary: { byDefault: true, byName: new Map() } };
  }
  const json = headerLength === undefined ? body : body.subarray(0, headerLength);
  let id: string | undefined;
  let inputs: readonly Tensor[] | undefined;
  let outputs: Outputs | undefined;
  let byDefault: boolean | undefined;
  const mistake = readBody(json, expected, fields, (cursor, key) => {
    if (key === "inputs") {
      const read = readInputs(cursor, signature, body, headerLength);
      if (isProblem(read)) return read;
      inputs = read;
    } else if (key === "outputs") {
      const read = readOutputs(cursor, signature);
      if (isProblem(read)) return read;
      outputs = read;
    } else if (key === "id") {
      const value = readValue(cursor);
      if (isProblem(value)) return value;
      if (value !== null && typeof value !== "string") return problems.wrongField("id", value, "a string");
      id = value ?? undefined;
    } else {
      const value = readSwitch(cursor, parameterLevels.request);
      if (isProblem(value)) return value;
      byDefault = value;
    }
    return undefined;
  });
  if (mistake !== undefined) return mistake;
  if (inputs === undefined) return problems.missingField("inputs", expected);
  return {
    id,
    inputs,
    outputs: outputs?.names,
    binary: { byDefault: byDefault ?? false, byName: outputs?.binary ?? new Map() },
  };
}

function readInputs(
  cursor: Cursor,
  { inputs }: Signature,
  body: Uint8Array,
  headerLength: number | undefined,
): readonly Tensor[] | Problem {
  if (peek(cursor) !== openBracket) return wrongValue(cursor, "inputs", "an array of tensors");
  const mistake = open(cursor);
  if (mistake !== undefined) return mistake;
  const names = createNames(inputs);
  const tensors: (Tensor | undefined)[] = inputs.map(() => undefined);
  let place = 0;
  let binaryAt = headerLength ?? body.length;

  const specOf = (name: string): TensorSpec | Problem => {
    const index = names.indexOf(name, place);
    const spec = inputs[index];
    if (spec === undefined) return tensorProblems.unknownInput(name, names.all);
    return tensors[index] === undefined ? spec : tensorProblems.duplicateInput(name);
  };
  const nextBinary = (spec: TensorSpec, shape: readonly number[], bytes: number): TensorData | Problem => {
    if (headerLength === undefined) return binaryProblems.noHeaderLength(spec.name);
    const left = body.length - binaryAt;
    if (bytes > left) return binaryProblems.missingBytes(spec.name, bytes, left);
    const start = binaryAt;
    binaryAt += bytes;
    return readBinary(spec, shape, body.subarray(start, binaryAt));
  };

  for (; ; place++) {
    const more = nextElement(cursor, place === 0);
    if (isProblem(more)) return more;
    if (!more) break;
    const label = `inputs[${place}]`;
    if (peek(cursor) !== openBrace) {
      return wrongValue(cursor, label, 'an object as {"name","shape","datatype","data"}');
    }
    const expectedName = names.at(place)[0];
    const tensor = readInput(cursor, { label, expectedName, specOf, readBinary: nextBinary });
    if (isProblem(tensor)) return tensor;
    tensors[names.indexOf(tensor.name, place)] = tensor;
  }
  if (binaryAt < body.length) return binaryProblems.leftoverBytes(body.length - binaryAt);
  return names.complete(tensors);
}

interface Outputs {
  readonly names: readonly string[];
  readonly binary: ReadonlyMap<string, boolean>;
}

const outputFields: readonly string[] = ["name", "parameters"];

/** Outputs asked for; undefined when none is named. */
function readOutputs(cursor: Cursor, signature: Signature): Outputs | undefined | Problem {
  if (peek(cursor) !== openBracket) {
    const value = readValue(cursor);
    if (isProblem(value)) return value;
    return value === null ? undefined : problems.wrongField("outputs", value, 'an array as [{"name"}]');
  }
  const mistake = open(cursor);
  if (mistake !== undefined) return mistake;
  const names: string[] = [];
  const binary = new Map<string, boolean>();
  for (let index = 0; ; index++) {
    const more = nextElement(cursor, index === 0);
    if (isProblem(more)) return more;
    if (!more) return names.length === 0 ? undefined : { names, binary };
    const label = `outputs[${index}]`;
    if (peek(cursor) !== openBrace) return wrongValue(cursor, label, 'an object as {"name"}');
    let name: unknown;
    let isBinary: boolean | undefined;
    const wrong = readObject(cursor, outputFields, (at, key) => {
      if (key === "name") {
        name = readValue(at);
        return isProblem(name) ? name : undefined;
      }
      const value = readSwitch(at, parameterLevels.output);
      if (isProblem(value)) return value;
      isBinary = value;
      return undefined;
    });
    if (wrong !== undefined) return wrong;
    if (typeof name !== "string") return problems.wrongField(`${label}.name`, name, "a string");
    if (!signature.outputs.some((output) => output.name === name)) {
      return tensorProblems.unknownOutput(
        name,
        signature.outputs.map((output) => output.name),
      );
    }
    if (names.includes(name)) return tensorProblems.duplicateOutput(name);
    names.push(name);
    if (isBinary !== undefined) binary.set(name, isBinary);
  }
}
