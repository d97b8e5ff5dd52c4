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
  const unknown = inputs.find(({ type }) => datatypeOf(type) === undefined);
  if (unknown !== undefined) {
    return `The input ${JSON.stringify(unknown.name)} is ${unknown.type}, which no prediction protocol can carry. Convert it inside the model (Cast).`;
  }
  if (outputs.some(({ type }) => datatypeOf(type) !== undefined)) return undefined;
  return "The model has no output that a prediction protocol can carry. Export it with tensors as outputs.";
}

/** `[batch, 3, 224, ?]`; `?` is a size that the model does not name. */
export function showDims(dims: TensorInfo["dims"]): string {
  return dims === null ? "any" : `[${dims.map((dim) => dim ?? "?").join(", ")}]`;
}
