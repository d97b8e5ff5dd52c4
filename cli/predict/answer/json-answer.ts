import type { Signature } from "../../../server/tensor.ts";
import type { Metadata } from "../metadata.ts";
import type { Answer, Output } from "./output.ts";

/**
 * Reads the answer of any protocol that is JSON. What V1 and `/predict` leave out, names and datatypes, comes from the
 * model's metadata; shapes from how values are nested. Undefined: there are no tensors in it, as with maps and sequences,
 * or without metadata where it is needed.
 */
export async function jsonAnswer(
  text: string,
  model: string,
  metadata: () => Promise<Metadata | undefined>,
): Promise<Answer | undefined> {
  const answer = parseJson(text);
  const outputs = memberOf(answer, "outputs");
  if (Array.isArray(outputs) && outputs.length > 0 && outputs.every((one) => memberOf(one, "datatype") !== undefined)) {
    return { ...namesOf(answer), outputs: outputs.map(v2Output) };
  }
  const values = memberOf(answer, "predictions") ?? outputs;
  if (values === undefined) return undefined;
  const told = await metadata();
  const named = namedOutputs(values, told);
  return named && { modelName: model, modelVersion: told?.version, id: undefined, outputs: named };
}

/** What an answer of the Open Inference Protocol says beside its outputs. */
export function namesOf(answer: unknown): Omit<Answer, "outputs"> {
  const text = (name: string): string | undefined => {
    const value = memberOf(answer, name);
    return typeof value === "string" ? value : undefined;
  };
  return { modelName: text("model_name"), modelVersion: text("model_version"), id: text("id") };
}

/** Of a JSON text, with each number as the text it was: JavaScript's own would lose digits of a 64-bit integer. */
export function parseJson(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }) =>
    typeof value === "number" ? { [digits]: context?.source ?? String(value) } : value,
  );
}

/** Marks a number's text: no value that was parsed can carry a symbol. */
const digits = Symbol("digits");

/** An element of the outputs of the Open Inference Protocol ("Inference Response JSON Object"). */
export function v2Output(item: unknown): Output {
  const [shape, data] = [memberOf(item, "shape"), memberOf(item, "data")];
  const datatype = String(memberOf(item, "datatype"));
  return {
    name: String(memberOf(item, "name")),
    datatype,
    shape: Array.isArray(shape) ? shape.map((size) => Number(written(size))) : [],
    data: Array.isArray(data) ? data.map(datatype === "BYTES" ? quoted : written) : [],
  };
}

/** Whole outputs: the values of the only one, or an object by name; or a list of such objects, one for each row. */
function namedOutputs(values: unknown, signature: Signature | undefined): readonly Output[] | undefined {
  const specs = signature?.outputs ?? [];
  const [only] = specs;
  const outputs: Output[] = [];
  for (const { name, datatype } of specs) {
    const value = specs.length === 1 && only !== undefined ? values : columnOf(values, name);
    const output = value === undefined ? undefined : nestedOutput(name, datatype, value);
    if (output === undefined) return undefined;
    outputs.push(output);
  }
  return outputs.length === 0 ? undefined : outputs;
}

function columnOf(values: unknown, name: string): unknown {
  if (!Array.isArray(values)) return memberOf(values, name);
  const rows = values.map((row) => memberOf(row, name));
  return rows.includes(undefined) ? undefined : rows;
}

function nestedOutput(name: string, datatype: string, value: unknown): Output | undefined {
  const shape: number[] = [];
  for (let part = value; Array.isArray(part); part = part[0]) shape.push(part.length);
  const data: string[] = [];
  const isRegular = flatten(value, shape, 0, datatype === "BYTES" ? quoted : written, data);
  return isRegular ? { name, datatype, shape, data } : undefined;
}

/** False for what is not rectangular, or has maps in it. */
function flatten(
  value: unknown,
  shape: readonly number[],
  depth: number,
  asText: (value: unknown) => string,
  data: string[],
): boolean {
  if (depth < shape.length) {
    if (!Array.isArray(value) || value.length !== shape[depth]) return false;
    return value.every((part) => flatten(part, shape, depth + 1, asText, data));
  }
  if (typeof value === "object" && (value === null || !(digits in value))) return false;
  data.push(asText(value));
  return true;
}

/** A number as it stood there; bare what is no number in JSON. */
export function written(value: unknown): string {
  if (typeof value === "object" && value !== null && digits in value) return String(value[digits]);
  // "NaN" and the infinities: JSON has no number for them.
  return typeof value === "string" ? value : quoted(value);
}

function quoted(value: unknown): string {
  return JSON.stringify(value);
}

export function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
