import type { ModelSummary } from "../../server/fetch/onnx/read-model.ts";
import type { TensorInfo } from "../../server/fetch/onnx/value-info.ts";
import type { Datatype } from "../../server/tensor.ts";

/** ONNX's element types that the Open Inference Protocol has a name for. */
const datatypes: Readonly<Record<string, Datatype>> = {
  BOOL: "BOOL",
  UINT8: "UINT8",
  UINT16: "UINT16",
  UINT32: "UINT32",
  UINT64: "UINT64",
  INT8: "INT8",
  INT16: "INT16",
  INT32: "INT32",
  INT64: "INT64",
  FLOAT16: "FP16",
  FLOAT: "FP32",
  DOUBLE: "FP64",
  STRING: "BYTES",
};

/** The protocol's name of a tensor's type; undefined for what no request or answer can carry. */
export function datatypeOf(type: string): Datatype | undefined {
  return datatypes[type];
}

/** Why the server would not serve inputs and outputs like these; undefined when it would. */
export function unservedTensor({ inputs, outputs }: Pick<ModelSummary, "inputs" | "outputs">): string | undefined {
  // What may be left out is, where it cannot be sent.
  const unknown = inputs.find(({ type }) => datatypeOf(type) === undefined && type !== "OPTIONAL");
  if (unknown !== undefined) {
    return `The input ${JSON.stringify(unknown.name)} is ${unknown.type}, which no prediction protocol can carry. Convert it inside the model (Cast).`;
  }
  if (outputs.some(mayBeServed)) return undefined;
  return "The model has no output that a prediction protocol can carry. Export it with tensors as outputs.";
}

/** Of an output without a type, ONNX Runtime finds it out; a sequence of maps is a ZipMap's, so far as is known. */
function mayBeServed({ type, of }: TensorInfo): boolean {
  if (type === "SEQUENCE") return of?.type === "MAP" || datatypeOf(of?.type ?? "") !== undefined;
  return type === "UNDEFINED" || datatypeOf(type) !== undefined;
}

/** `FP32`, `optional FP32`, `sequence of FP32`, `FP32 by class`; and what can only be told when it is loaded. */
export function showType(tensor: TensorInfo): string {
  const { type, of } = tensor;
  if (type === "UNDEFINED") return "not said";
  const held = datatypeOf(of?.type ?? "");
  if (type === "OPTIONAL" && held !== undefined) return `optional ${held}`;
  if (type === "SEQUENCE" && held !== undefined) return `sequence of ${held}`;
  if (type === "SEQUENCE" && of?.type === "MAP") return "FP32 by class";
  return datatypeOf(type) ?? `${type} (not served)`;
}

/** `[batch, 3, 224, ?]`; `?` is a size that the model does not name. */
export function showDims(dims: TensorInfo["dims"]): string {
  return dims === null ? "any" : `[${dims.map((dim) => dim ?? "?").join(", ")}]`;
}
