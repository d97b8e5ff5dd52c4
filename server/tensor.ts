/// <reference lib="esnext.float16" />
import { type Problem, problems, show } from "./errors.ts";

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
}

export interface Tensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

export interface Signature {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

/** More than any real model has; ONNX itself sets no bound. */
export const maximumRank = 32;
/** Sizes are multiplied natively further on: what stays below cannot overflow there. */
const maximumElements = 2 ** 31 - 1;

interface Codec {
  /** What JSON values are taken, for messages. */
  readonly takes: string;
  readonly allocate: (count: number) => TensorData;
  /** `buffer` is read from its start to its end. */
  readonly view: (buffer: ArrayBuffer) => TensorData;
  /** Stores a JSON value; false when the datatype cannot hold it. */
  readonly store: (target: TensorData, index: number, value: unknown) => boolean;
}

const integers = (
  low: number,
  high: number,
  allocate: (count: number) => Numbers,
  view: (buffer: ArrayBuffer) => Numbers,
): Codec => ({
  takes: `integers from ${low} to ${high}`,
  allocate,
  view,
  store: (target, index, value) => {
    if (typeof value !== "number" || !Number.isInteger(value) || value < low || value > high) return false;
    (target as Numbers)[index] = value;
    return true;
  },
});

const integers64 = (
  low: bigint,
  high: bigint,
  allocate: (count: number) => Integers64,
  view: (buffer: ArrayBuffer) => Integers64,
): Codec => ({
  takes: `integers from ${low} to ${high}, written as plain digits`,
  allocate,
  view,
  // A number beyond 2^53 has lost digits before it came here; exact ones arrive as bigint (see `json.ts`).
  store: (target, index, value) => {
    if (typeof value !== "bigint" && !Number.isSafeInteger(value)) return false;
    const exact = BigInt(value as bigint | number);
    if (exact < low || exact > high) return false;
    (target as Integers64)[index] = exact;
    return true;
  },
});

const floats = (
  takes: string,
  allocate: (count: number) => Numbers,
  view: (buffer: ArrayBuffer) => Numbers,
): Codec => ({
  takes,
  allocate,
  view,
  // What overflows the datatype would turn into Infinity silently, so the stored value decides.
  store: (target, index, value) => {
    if (typeof value !== "number" && typeof value !== "bigint") return false;
    const array = target as Numbers;
    array[index] = Number(value);
    return Number.isFinite(array[index]);
  },
});

export const codecs: Readonly<Record<Datatype, Codec>> = {
  BOOL: {
    takes: "true, false, 1, 0",
    allocate: (count) => new Uint8Array(count),
    view: (buffer) => new Uint8Array(buffer),
    store: (target, index, value) => {
      if (value !== true && value !== false && value !== 0 && value !== 1) return false;
      (target as Numbers)[index] = Number(value);
      return true;
    },
  },
  UINT8: integers(
    0,
    255,
    (count) => new Uint8Array(count),
    (buffer) => new Uint8Array(buffer),
  ),
  UINT16: integers(
    0,
    65_535,
    (count) => new Uint16Array(count),
    (buffer) => new Uint16Array(buffer),
  ),
  UINT32: integers(
    0,
    4_294_967_295,
    (count) => new Uint32Array(count),
    (buffer) => new Uint32Array(buffer),
  ),
  UINT64: integers64(
    0n,
    2n ** 64n - 1n,
    (count) => new BigUint64Array(count),
    (buffer) => new BigUint64Array(buffer),
  ),
  INT8: integers(
    -128,
    127,
    (count) => new Int8Array(count),
    (buffer) => new Int8Array(buffer),
  ),
  INT16: integers(
    -32_768,
    32_767,
    (count) => new Int16Array(count),
    (buffer) => new Int16Array(buffer),
  ),
  INT32: integers(
    -2_147_483_648,
    2_147_483_647,
    (count) => new Int32Array(count),
    (buffer) => new Int32Array(buffer),
  ),
  INT64: integers64(
    -(2n ** 63n),
    2n ** 63n - 1n,
    (count) => new BigInt64Array(count),
    (buffer) => new BigInt64Array(buffer),
  ),
  FP16: floats(
    "numbers from -65504 to 65504",
    (count) => new Float16Array(count),
    (buffer) => new Float16Array(buffer),
  ),
  FP32: floats(
    "finite numbers up to 3.4028235e38",
    (count) => new Float32Array(count),
    (buffer) => new Float32Array(buffer),
  ),
  FP64: floats(
    "finite numbers up to 1.7976931348623157e308",
    (count) => new Float64Array(count),
    (buffer) => new Float64Array(buffer),
  ),
  BYTES: {
    takes: "strings of well-formed Unicode without U+0000",
    allocate: (count) => Array.from({ length: count }, () => ""),
    view: () => [],
    // ONNX Runtime's binding cuts a string at U+0000 and replaces half a surrogate pair, both without a word.
    store: (target, index, value) => {
      if (typeof value !== "string" || value.includes("\0") || !value.isWellFormed()) return false;
      (target as string[])[index] = value;
      return true;
    },
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
  if (!Array.isArray(value)) return problems.badShape(input, "must be an array of sizes, as [1,4]");
  if (value.length > maximumRank) {
    return problems.badShape(input, `has ${value.length} dimensions; at most ${maximumRank} are allowed`);
  }
  const shape: number[] = [];
  for (const size of value as unknown[]) {
    if (typeof size !== "number" || !Number.isInteger(size) || size < 0 || size > maximumElements) {
      return problems.badShape(input, `has the size ${show(size)}; sizes are integers from 0 to ${maximumElements}`);
    }
    shape.push(size);
  }
  if (elementCount(shape) === undefined) {
    return problems.badShape(input, `[${shape.join(",")}] has more than ${maximumElements} elements`);
  }
  return shape;
}

/** Whether `shape` is one that the model takes. A model that says no shape takes any, and ONNX Runtime decides. */
export function checkShape(spec: TensorSpec, shape: readonly number[]): Problem | undefined {
  if (spec.shape.length === 0) return undefined;
  const fits =
    shape.length === spec.shape.length && spec.shape.every((size, index) => size === -1 || size === shape[index]);
  return fits ? undefined : problems.wrongShape(spec.name, shape, spec.shape);
}
