/// <reference lib="esnext.float16" />
import type * as onnxruntime from "onnxruntime-node";
import type { Datatype, Tensor, TensorData } from "../../tensor.ts";

export type Runtime = typeof onnxruntime;

interface OrtType {
  /** ONNX Runtime's name of the element type. */
  readonly name: onnxruntime.Tensor.Type;
  /** ONNX's TensorProto.DataType. */
  readonly code: number;
}

const ortTypes: Readonly<Record<Datatype, OrtType>> = {
  FP32: { name: "float32", code: 1 },
  UINT8: { name: "uint8", code: 2 },
  INT8: { name: "int8", code: 3 },
  UINT16: { name: "uint16", code: 4 },
  INT16: { name: "int16", code: 5 },
  INT32: { name: "int32", code: 6 },
  INT64: { name: "int64", code: 7 },
  BYTES: { name: "string", code: 8 },
  BOOL: { name: "bool", code: 9 },
  FP16: { name: "float16", code: 10 },
  FP64: { name: "float64", code: 11 },
  UINT32: { name: "uint32", code: 12 },
  UINT64: { name: "uint64", code: 13 },
};

const byName = new Map(
  Object.entries(ortTypes).map(([datatype, { name }]) => [name as string, datatype as Datatype] as const),
);
const byCode = new Map(Object.entries(ortTypes).map(([datatype, { code }]) => [code, datatype as Datatype] as const));

/** ONNX's code of an element type in our terms; undefined for the types that no protocol has. */
export function datatypeOf(code: number): Datatype | undefined {
  return byCode.get(code);
}

/** The tensor as ONNX Runtime takes it: on the same memory. */
export function toOrt(runtime: Runtime, { datatype, shape, data }: Tensor): onnxruntime.Tensor {
  return new runtime.Tensor(ortTypes[datatype].name, asOrtData(datatype, data) as Float32Array, shape);
}

/** A result in our terms, on the memory that ONNX Runtime's binding gave it. */
export function fromOrt(name: string, value: onnxruntime.OnnxValue | undefined): Tensor {
  const datatype = value === undefined ? undefined : byName.get(value.type);
  if (value === undefined || datatype === undefined) throw new Error(`output ${JSON.stringify(name)} has no value`);
  return { name, datatype, shape: value.dims, data: fromOrtData(datatype, value.data as TensorData | Uint16Array) };
}

/** Half floats are taken as the 16-bit patterns that they are. */
function asOrtData(datatype: Datatype, data: TensorData): TensorData {
  if (datatype !== "FP16" || Array.isArray(data)) return data;
  return new Uint16Array(data.buffer, data.byteOffset, data.length);
}

function fromOrtData(datatype: Datatype, data: TensorData | Uint16Array): TensorData {
  if (datatype !== "FP16" || Array.isArray(data)) return data as TensorData;
  return new Float16Array(data.buffer as ArrayBuffer, data.byteOffset, data.length);
}
