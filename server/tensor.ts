/// <reference lib="esnext.float16" />
import type { Problem } from "./errors.ts";
import { show } from "./show.ts";
import { tensorProblems } from "./tensor-problems.ts";

/** Names of the Open Inference Protocol (inference_rest.md, "Tensor Data Types"). */
export type Datatype =
  | "BOOL"
  | "UINT8"
  | "UINT16"
  | "UINT32"
  | "UINT64"
  | "INT8"
  | "INT16"
  | "INT32"
  | "INT64"
  | "FP16"
  | "FP32"
  | "FP64"
  | "BYTES";

export type Numbers =
  | Uint8Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Float16Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>;

type Integers64 = BigInt64Array<ArrayBuffer> | BigUint64Array<ArrayBuffer>;

/** Elements in row-major order. BOOL holds 0 and 1. */
export type TensorData = Numbers | Integers64 | string[];

/** What a model says of one input or output. */
export interface TensorSpec {
  readonly name: string;
  readonly datatype: Datatype;
  /** -1 is a dimension of any size. Empty: a scalar, or a model that does not say its shape. */
  readonly shape: readonly number[];
  /** Names that the model gives to dimensions of any size, "" where it gives none; left out when it gives none at all. */
  readonly dimensionNames?: readonly string[];
  /** Of an input: a request may leave it out. */
  readonly isOptional?: true;
  /** Of an output: what the places of its last dimension stand for, as the classes of a classifier. */
  readonly labels?: readonly string[];
  /** Of an output: the model gives a sequence of tensors, which stand along the first dimension. */
  readonly isSequence?: true;
}

export interface Tensor {
  readonly name: string;
  readonly datatype: Datatype;
  /** Of a sequence whose tensors have different shapes: their number. */
  readonly shape: readonly number[];
  readonly data: TensorData;
  /** See {@link TensorSpec.labels}; the last dimension has as many. */
  readonly labels?: readonly string[];
  /** Of a sequence of tensors: their shapes. Their elements follow each other in `data`. */
  readonly elements?: readonly (readonly number[])[];
}

export interface Signature {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

/** Whether the tensors of a sequence have different shapes, so that no tensor can hold them all. */
export function isRagged({ elements }: Pick<Tensor, "elements">): boolean {
  const first = elements?.[0];
  if (elements === undefined || first === undefined) return false;
  return elements.some(
    (shape) => shape.length !== first.length || shape.some((size, dimension) => size !== first[dimension]),
  );
}

/** More than any real model has; ONNX itself sets no bound. */
export const maximumRank = 32;
/** Sizes are multiplied natively further on: what stays below cannot overflow there. */
const maximumElements = 2 ** 31 - 1;

interface Codec {
  /** What JSON values are taken, for messages. */
  readonly takes: string;
  /** Bytes of one element, in memory and on the wire; 0: strings, which have any length. */
  readonly elementBytes: number;
  /** All zero; strings are empty. */
  readonly allocate: (count: number) => TensorData;
  /** Elements in place: no byte is copied. `byteOffset` is a multiple of `elementBytes`. None for strings. */
  readonly view: (buffer: ArrayBuffer, byteOffset?: number, count?: number) => TensorData;
}

interface ArrayConstructor<Data extends TensorData> {
  readonly BYTES_PER_ELEMENT: number;
  new (count: number): Data;
  new (buffer: ArrayBuffer, byteOffset?: number, count?: number): Data;
}

/** The engine's thread takes the global away (see `loadRuntime`), after this is loaded. */
const HalfArray = Float16Array;

const numbers = (takes: string, array: ArrayConstructor<Numbers | Integers64>): Codec => ({
  takes,
  elementBytes: array.BYTES_PER_ELEMENT,
  allocate: (count) => new array(count),
  view: (buffer, byteOffset, count) => new array(buffer, byteOffset, count),
});

const integers = (low: number, high: number, array: ArrayConstructor<Numbers>): Codec =>
  numbers(`integers from ${low} to ${high}`, array);

const integers64 = (low: bigint, high: bigint, array: ArrayConstructor<Integers64>): Codec =>
  numbers(`integers from ${low} to ${high}, written as plain digits`, array);

const floats = (range: string, array: ArrayConstructor<Numbers>): Codec =>
  numbers(`${range}, and the strings "NaN", "Infinity", "-Infinity"`, array);

export const codecs: Readonly<Record<Datatype, Codec>> = {
  BOOL: numbers("true, false, 1, 0", Uint8Array),
  UINT8: integers(0, 255, Uint8Array),
  UINT16: integers(0, 65_535, Uint16Array),
  UINT32: integers(0, 4_294_967_295, Uint32Array),
  UINT64: integers64(0n, 2n ** 64n - 1n, BigUint64Array),
  INT8: integers(-128, 127, Int8Array),
  INT16: integers(-32_768, 32_767, Int16Array),
  INT32: integers(-2_147_483_648, 2_147_483_647, Int32Array),
  INT64: integers64(-(2n ** 63n), 2n ** 63n - 1n, BigInt64Array),
  FP16: floats("numbers from -65504 to 65504", HalfArray),
  FP32: floats("finite numbers up to 3.4028235e38", Float32Array),
  FP64: floats("finite numbers up to 1.7976931348623157e308", Float64Array),
  BYTES: {
    takes: "strings of well-formed Unicode without U+0000",
    elementBytes: 0,
    allocate: (count) => Array.from({ length: count }, () => ""),
    view: () => [],
  },
};

/** Number of elements, or undefined when it is beyond what a tensor may have, zero-size dimensions set aside. */
export function elementCount(shape: readonly number[]): number | undefined {
  let count = 1;
  let withoutZeros = 1;
  for (const size of shape) {
    count *= size;
    if (size !== 0) withoutZeros *= size;
    if (withoutZeros > maximumElements) return undefined;
  }
  return count;
}

/** Checks a shape from a request: an array of sizes, small enough to be multiplied. */
export function readShape(input: string, value: unknown): readonly number[] | Problem {
  if (!Array.isArray(value)) return tensorProblems.badShape(input, "must be an array of sizes, as [1,4]");
  if (value.length > maximumRank) {
    return tensorProblems.badShape(input, `has more than the ${maximumRank} dimensions that are allowed`);
  }
  const shape: number[] = [];
  for (const size of value as unknown[]) {
    if (typeof size !== "number" || !Number.isInteger(size) || size < 0 || size > maximumElements) {
      return tensorProblems.badShape(
        input,
        `has the size ${show(size)}; sizes are integers from 0 to ${maximumElements}`,
      );
    }
    shape.push(size);
  }
  if (elementCount(shape) === undefined) {
    return tensorProblems.badShape(input, `[${shape.join(",")}] has more than ${maximumElements} elements`);
  }
  return shape;
}

/** Whether `shape` is one that the model takes. A model that says no shape takes any, and ONNX Runtime decides. */
export function checkShape(spec: TensorSpec, shape: readonly number[]): Problem | undefined {
  if (spec.shape.length === 0) return undefined;
  const fits =
    shape.length === spec.shape.length && spec.shape.every((size, index) => size === -1 || size === shape[index]);
  return fits ? undefined : tensorProblems.wrongShape(spec.name, shape, spec.shape);
}
