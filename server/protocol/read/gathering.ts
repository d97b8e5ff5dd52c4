import type { Cursor } from "../../json/cursor.ts";
import { readBooleans } from "../../json/read-booleans.ts";
import { double, half, readFloats, single } from "../../json/read-floats.ts";
import { readIntegers, type SmallIntegers } from "../../json/read-integers.ts";
import { readIntegers64 } from "../../json/read-integers64.ts";
import { readTexts } from "../../json/read-texts.ts";
import { codecs, type Datatype, type TensorData, type TensorSpec } from "../../tensor.ts";

/** Elements of one tensor while they are read from JSON, in row-major order. */
export interface Gathering {
  readonly spec: TensorSpec;
  /** Name of the value in messages. */
  readonly label: string;
  /** Strings may be written as {@link readBase64} reads them. */
  readonly takesBase64: boolean;
  /** What stands behind the first index in messages: the key of a row. */
  readonly key: string;
  /** Of the flat elements of a tensor with more dimensions than one: its shape, for the message about a wrong count. */
  readonly flatShape: readonly number[] | undefined;
  /** Sizes found or said so far; {@link unknownSize} where none is. */
  readonly shape: number[];
  /** {@link unknownSize} until the first element is found. */
  rank: number;
  /** Where reading is, in each dimension. */
  readonly positions: number[];
  data: TensorData;
  /** Elements of the whole tensor, where its shape is said. */
  readonly count: number;
  /** Elements that `data` has room for. */
  capacity: number;
  length: number;
  /** 64-bit integers as pairs of 32 bits. */
  halves: Uint32Array | undefined;
}

export const unknownSize = -1;

/** Elements read by one call: enough to make calls cheap, few enough for the engine to compile their loop in time. */
const elementsAtOnce = 1024;
/**
 * Room made before any element is read. A few bytes can say a large shape, or name a model's large input, and do so
 * again and again: room grows with what is really there.
 */
const firstCapacity = 1024;
const growth = 4;

/** For a tensor of any shape, as V1 and /predict have it: strings may be base64. */
export function gatherAny(spec: TensorSpec, label: string, key: string): Gathering {
  let expected = 1;
  for (const size of spec.shape) expected *= size === unknownSize ? 1 : size;
  const open = { flatShape: undefined, shape: [], rank: unknownSize, count: Infinity };
  return withRoom({ spec, label, key, takesBase64: true, ...open }, expected);
}

/** For a tensor of the shape that its sender says. Undefined: the rest of the body cannot hold so many elements. */
export function gatherShape(
  spec: TensorSpec,
  label: string,
  shape: readonly number[],
  count: number,
  isFlat: boolean,
  cursor: Cursor,
): Gathering | undefined {
  if (count > elementsLeft(cursor)) return undefined;
  const sizes = isFlat ? [count] : [...shape];
  return withRoom(
    {
      spec,
      label,
      key: "",
      takesBase64: false,
      flatShape: isFlat ? shape : undefined,
      shape: sizes,
      rank: sizes.length,
      count,
    },
    count,
  );
}

/**
 * Reads elements of an array from the cursor on, `limit` in all at most, and makes room for them. As
 * {@link readFloats}: ~index, the cursor at it, for an element that is not taken.
 */
export function gather(gathering: Gathering, cursor: Cursor, limit: number): number {
  if (gathering.length === gathering.capacity) grow(gathering, cursor);
  const end = Math.min(limit, gathering.capacity, gathering.length + elementsAtOnce);
  const next = readers[gathering.spec.datatype](cursor, gathering, end);
  gathering.length = next < 0 ? ~next : next;
  return next;
}

/** The elements read, as an array of just these. */
export function gathered({ data, length }: Gathering): TensorData {
  if (Array.isArray(data) || data.length === length) return data;
  return data.subarray(0, length);
}

type Parts = Pick<Gathering, "spec" | "label" | "key" | "takesBase64" | "flatShape" | "shape" | "rank" | "count">;

function withRoom(parts: Parts, expected: number): Gathering {
  const { datatype } = parts.spec;
  const capacity = Math.min(expected, firstCapacity);
  // Strings are put into an array that grows by itself.
  const data = datatype === "BYTES" ? [] : codecs[datatype].allocate(capacity);
  return { ...parts, positions: [], data, capacity, length: 0, halves: halvesOf(datatype, data) };
}

function halvesOf(datatype: Datatype, data: TensorData): Uint32Array | undefined {
  if (Array.isArray(data) || (datatype !== "INT64" && datatype !== "UINT64")) return undefined;
  return new Uint32Array(data.buffer, data.byteOffset, data.byteLength / 4);
}

function grow(gathering: Gathering, cursor: Cursor): void {
  const { spec, data, capacity, count } = gathering;
  gathering.capacity = Math.min(capacity * growth + 1, capacity + elementsLeft(cursor), count);
  if (Array.isArray(data)) return;
  const larger = codecs[spec.datatype].allocate(gathering.capacity);
  copy(larger, data);
  gathering.data = larger;
  gathering.halves = halvesOf(spec.datatype, larger);
}

function copy(target: TensorData, source: TensorData): void {
  if (Array.isArray(target) || Array.isArray(source)) return;
  new Uint8Array(target.buffer).set(new Uint8Array(source.buffer, source.byteOffset, source.byteLength));
}

/** The most elements that the rest of the body can hold: each has a byte, and a comma between. */
function elementsLeft({ at, length }: Cursor): number {
  return ((length - at) >> 1) + 1;
}

type Reader = (cursor: Cursor, gathering: Gathering, end: number) => number;

const integers =
  (low: number, high: number): Reader =>
  (cursor, { data, length }, end) =>
    readIntegers(cursor, data as SmallIntegers, length, end, low, high);

const integers64 =
  (isSigned: boolean): Reader =>
  (cursor, { halves, length }, end) =>
    readIntegers64(cursor, halves ?? noHalves, length, end, isSigned);

const noHalves = new Uint32Array(0);

const readers: Readonly<Record<Datatype, Reader>> = {
  BOOL: (cursor, { data, length }, end) => readBooleans(cursor, data as Uint8Array, length, end),
  UINT8: integers(0, 255),
  UINT16: integers(0, 65_535),
  UINT32: integers(0, 4_294_967_295),
  UINT64: integers64(false),
  INT8: integers(-128, 127),
  INT16: integers(-32_768, 32_767),
  INT32: integers(-2_147_483_648, 2_147_483_647),
  INT64: integers64(true),
  FP16: (cursor, { data, length }, end) => readFloats(cursor, data as Float16Array, length, end, half),
  FP32: (cursor, { data, length }, end) => readFloats(cursor, data as Float32Array, length, end, single),
  FP64: (cursor, { data, length }, end) => readFloats(cursor, data as Float64Array, length, end, double),
  BYTES: (cursor, { data, length, takesBase64 }, end) => readTexts(cursor, data as string[], length, end, takesBase64),
};
