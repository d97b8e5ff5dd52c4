/// <reference lib="esnext.float16" />
import type { Datatype } from "../../../../server/tensor.ts";

/** A tensor of a case, or of an answer to it. Half floats are their 16-bit patterns, booleans bytes of 0 and 1. */
export interface CaseTensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly dims: readonly number[];
  readonly data: CaseData;
}

export type CaseData = CaseNumbers | string[];

export type CaseNumbers =
  | Uint8Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>
  | BigUint64Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>;

interface NumberType {
  /** ONNX Runtime's name of the type. */
  readonly ort: string;
  /** ONNX's TensorProto.DataType. */
  readonly code: number;
  readonly array: {
    readonly BYTES_PER_ELEMENT: number;
    new (buffer: ArrayBuffer): CaseNumbers;
    from(values: Iterable<never>): CaseNumbers;
  };
}

/** Written down anew, not taken from the server: what the two agree on is right by both. BYTES stands apart. */
export const numberTypes: Readonly<Record<Exclude<Datatype, "BYTES">, NumberType>> = {
  FP32: { ort: "float32", code: 1, array: Float32Array },
  UINT8: { ort: "uint8", code: 2, array: Uint8Array },
  INT8: { ort: "int8", code: 3, array: Int8Array },
  UINT16: { ort: "uint16", code: 4, array: Uint16Array },
  INT16: { ort: "int16", code: 5, array: Int16Array },
  INT32: { ort: "int32", code: 6, array: Int32Array },
  INT64: { ort: "int64", code: 7, array: BigInt64Array },
  BOOL: { ort: "bool", code: 9, array: Uint8Array },
  FP16: { ort: "float16", code: 10, array: Uint16Array },
  FP64: { ort: "float64", code: 11, array: Float64Array },
  UINT32: { ort: "uint32", code: 12, array: Uint32Array },
  UINT64: { ort: "uint64", code: 13, array: BigUint64Array },
};

/** The datatype of a name or a code of ONNX's; undefined for those that no protocol has. */
export function datatypeOf(key: string | number): Datatype | undefined {
  if (key === "string" || key === 8) return "BYTES";
  const found = Object.entries(numberTypes).find(([, { ort, code }]) => ort === key || code === key);
  return found?.[0] as Datatype | undefined;
}

export function numbersIn(datatype: Exclude<Datatype, "BYTES">, bytes: Uint8Array): CaseNumbers {
  return new numberTypes[datatype].array(Uint8Array.from(bytes).buffer);
}

export function numbersOf(datatype: Exclude<Datatype, "BYTES">, values: readonly unknown[]): CaseNumbers {
  return numberTypes[datatype].array.from(values as never[]);
}

export function bytesOf(data: CaseNumbers): Buffer<ArrayBuffer> {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

/** Each element as a number that can be compared, NaN among them: of 64-bit integers, the integer itself. */
export function valuesOf({ datatype, data }: CaseTensor): readonly (number | bigint | string)[] {
  if (Array.isArray(data)) return data;
  const floats = datatype === "FP16" ? new Float16Array(data.buffer, data.byteOffset, data.length) : data;
  return Array.from(floats as Iterable<number | bigint>);
}
