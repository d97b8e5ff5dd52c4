import type * as onnxruntime from "onnxruntime-node";
import type { Datatype } from "../tensor.ts";
import type { TensorMessage } from "./messages.ts";

export type Runtime = typeof onnxruntime;

type Maker = (runtime: Runtime, data: ArrayBuffer, shape: readonly number[]) => onnxruntime.Tensor;

const makers: Readonly<Record<Exclude<Datatype, "BYTES">, Maker>> = {
  BOOL: ({ Tensor }, data, shape) => new Tensor("bool", new Uint8Array(data), shape),
  UINT8: ({ Tensor }, data, shape) => new Tensor("uint8", new Uint8Array(data), shape),
  UINT16: ({ Tensor }, data, shape) => new Tensor("uint16", new Uint16Array(data), shape),
  UINT32: ({ Tensor }, data, shape) => new Tensor("uint32", new Uint32Array(data), shape),
  UINT64: ({ Tensor }, data, shape) => new Tensor("uint64", new BigUint64Array(data), shape),
  INT8: ({ Tensor }, data, shape) => new Tensor("int8", new Int8Array(data), shape),
  INT16: ({ Tensor }, data, shape) => new Tensor("int16", new Int16Array(data), shape),
  INT32: ({ Tensor }, data, shape) => new Tensor("int32", new Int32Array(data), shape),
  INT64: ({ Tensor }, data, shape) => new Tensor("int64", new BigInt64Array(data), shape),
  FP16: ({ Tensor }, data, shape) => new Tensor("float16", new Uint16Array(data), shape),
  FP32: ({ Tensor }, data, shape) => new Tensor("float32", new Float32Array(data), shape),
  FP64: ({ Tensor }, data, shape) => new Tensor("float64", new Float64Array(data), shape),
};

const datatypes: Readonly<Record<string, Datatype>> = {
  bool: "BOOL",
  uint8: "UINT8",
  uint16: "UINT16",
  uint32: "UINT32",
  uint64: "UINT64",
  int8: "INT8",
  int16: "INT16",
  int32: "INT32",
  int64: "INT64",
  float16: "FP16",
  float32: "FP32",
  float64: "FP64",
  string: "BYTES",
};

/** ONNX Runtime's name of an element type in ours; undefined for the types that no protocol has. */
export function datatypeOf(type: string): Datatype | undefined {
  return Object.hasOwn(datatypes, type) ? datatypes[type] : undefined;
}

export function toOrt(runtime: Runtime, { datatype, shape, data }: TensorMessage): onnxruntime.Tensor {
  if (!(data instanceof ArrayBuffer)) return new runtime.Tensor("string", data, shape);
  if (datatype === "BYTES") throw new TypeError("a tensor of strings came as bytes");
  return makers[datatype](runtime, data, shape);
}

/** Takes over the result's bytes where it owns a whole buffer, copies them otherwise; adds them to `transfer`. */
export function fromOrt(
  name: string,
  value: onnxruntime.OnnxValue | undefined,
  transfer: ArrayBuffer[],
): TensorMessage {
  const datatype = value === undefined ? undefined : datatypeOf(value.type);
  if (value === undefined || datatype === undefined) throw new Error(`output ${JSON.stringify(name)} has no value`);
  const { data, dims } = value;
  if (Array.isArray(data)) return { name, datatype, shape: dims, data };
  const buffer = ownBytes(data as Uint8Array);
  transfer.push(buffer);
  return { name, datatype, shape: dims, data: buffer };
}

function ownBytes(view: Uint8Array): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = view;
  if (buffer instanceof ArrayBuffer && byteOffset === 0 && byteLength === buffer.byteLength) return buffer;
  return new Uint8Array(new Uint8Array(buffer, byteOffset, byteLength)).buffer;
}
