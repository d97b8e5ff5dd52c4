import type { Datatype, Tensor } from "../../tensor.ts";

/** Of one element as a typed value: a varint takes a byte for seven bits, and ten where it is negative. */
const typedBytes: Readonly<Record<Exclude<Datatype, "BYTES">, number>> = {
  BOOL: 1,
  UINT8: 2,
  UINT16: 3,
  UINT32: 5,
  UINT64: 10,
  INT8: 10,
  INT16: 10,
  INT32: 10,
  INT64: 10,
  // There is no typed form of it.
  FP16: 0,
  FP32: 4,
  FP64: 8,
};
/** A tag and a length: more than any string has before it, in either form. */
const lengthBytes = 6;

/** A raw tensor up to here costs less to copy than to be sent as a piece of its own. */
export const copiedBytes = 16 * 1024;

/** Bytes that an answer takes beside the memory of its tensors, at the most: names and shapes apart, which are few. */
export function encodedBytes(outputs: readonly Tensor[], isRaw: boolean): number {
  return outputs.reduce((total, { datatype, data }) => {
    if (Array.isArray(data)) return total + data.reduce((sum, text) => sum + lengthBytes + Buffer.byteLength(text), 0);
    if (isRaw || datatype === "BYTES") return data.byteLength <= copiedBytes ? total + data.byteLength : total;
    return total + typedBytes[datatype] * data.length;
  }, 0);
}
