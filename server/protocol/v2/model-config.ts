import type { Provider } from "../../contract.ts";
import type { Datatype, Signature, TensorSpec } from "../../tensor.ts";

/** What clients are told of a model before they send tensors. */
export interface ConfiguredModel {
  readonly name: string;
  readonly version: string;
  readonly signature: Signature;
  /** What runs it. */
  readonly provider: Provider;
  /** Rows of waiting requests that are run together; 1: none are. */
  readonly batchRows: number;
}

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
  readonly instance_group: readonly { readonly kind: keyof typeof instanceKinds }[];
  /** Left out where requests are not run together. */
  readonly dynamic_batching?: { readonly preferred_batch_size: readonly number[] };
  /** `provider`: what runs the model, by its name in ONNX Runtime. */
  readonly parameters: Readonly<Record<string, { readonly string_value: string }>>;
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

/** The enum ModelInstanceGroup.Kind. */
export const instanceKinds = { KIND_GPU: 1, KIND_CPU: 2 } as const;

/** Body of GET v2/models/M/config (Triton's model configuration extension): what clients ask before they send tensors. */
export function modelConfig({ name, signature, provider, batchRows }: ConfiguredModel): ModelConfig {
  const { inputs, outputs } = signature;
  return {
    name,
    platform: "onnxruntime_onnx",
    backend: "onnxruntime",
    max_batch_size: 0,
    input: inputs.map(configTensor),
    output: outputs.map(configTensor),
    instance_group: [{ kind: provider === "cpu" ? "KIND_CPU" : "KIND_GPU" }],
    ...(batchRows > 1 ? { dynamic_batching: { preferred_batch_size: [batchRows] } } : {}),
    parameters: { provider: { string_value: provider } },
  };
}

function configTensor({ name, datatype, shape, isOptional }: TensorSpec): ModelConfigTensor {
  const tensor = { name, data_type: typeOf(datatype), dims: shape };
  return isOptional === undefined ? tensor : { ...tensor, optional: isOptional };
}

function typeOf(datatype: Datatype): ModelConfigTensor["data_type"] {
  return datatype === "BYTES" ? "TYPE_STRING" : `TYPE_${datatype}`;
}
