import type { Datatype, Signature, TensorSpec } from "../../tensor.ts";

/** The fields of Triton's ModelConfig that say something of a model here, by their names in its JSON. */
export interface ModelConfig {
  readonly name: string;
  /** As `onnxruntime_onnx`. */
  readonly platform: string;
  readonly backend: string;
  /** 0: the model's shapes say all of it, no batch dimension stands before them. */
  readonly max_batch_size: number;
  readonly input: readonly ModelConfigTensor[];
  readonly output: readonly ModelConfigTensor[];
}

export interface ModelConfigTensor {
  readonly name: string;
  readonly data_type: keyof typeof configTypes;
  /** -1 is a dimension of any size. */
  readonly dims: readonly number[];
  /** Of an input: a request may leave it out. */
  readonly optional?: true;
}

/** The enum DataType. BYTES is called TYPE_STRING there. */
export const configTypes = {
  TYPE_BOOL: 1,
  TYPE_UINT8: 2,
  TYPE_UINT16: 3,
  TYPE_UINT32: 4,
  TYPE_UINT64: 5,
  TYPE_INT8: 6,
  TYPE_INT16: 7,
  TYPE_INT32: 8,
  TYPE_INT64: 9,
  TYPE_FP16: 10,
  TYPE_FP32: 11,
  TYPE_FP64: 12,
  TYPE_STRING: 13,
} as const;

/** Body of GET v2/models/M/config (Triton's model configuration extension): what clients ask before they send tensors. */
export function modelConfig(name: string, { inputs, outputs }: Signature): ModelConfig {
  return {
    name,
    platform: "onnxruntime_onnx",
    backend: "onnxruntime",
    max_batch_size: 0,
    input: inputs.map(configTensor),
    output: outputs.map(configTensor),
  };
}

function configTensor({ name, datatype, shape, isOptional }: TensorSpec): ModelConfigTensor {
  const tensor = { name, data_type: typeOf(datatype), dims: shape };
  return isOptional === undefined ? tensor : { ...tensor, optional: isOptional };
}

function typeOf(datatype: Datatype): ModelConfigTensor["data_type"] {
  return datatype === "BYTES" ? "TYPE_STRING" : `TYPE_${datatype}`;
}
