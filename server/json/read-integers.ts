import { isProblem } from "../errors.ts";
import { comma, dot, exponent, isSpace, minus, nine, zero } from "./byte.ts";
import { type Cursor, stop } from "./cursor.ts";
import { readNumber } from "./read-value.ts";

/** Integers that fit a number. */
export type SmallIntegers = Int8Array | Int16Array | Int32Array | Uint8Array | Uint16Array | Uint32Array;

/**
 * Reads integers from `low` to `high` of an array into `target`, and stops as {@link readFloats} does. 1.0 and 1e3 are
 * integers, 1.5 is none.
 */
export function readIntegers(
  cursor: Cursor,
  target: SmallIntegers,
  start: number,
  limit: number,
  low: number,
  high: number,
): number {
  const { bytes } = cursor;
  let index = start;
  let { at } = cursor;
  for (;;) {
    const begin = at;
    let byte = bytes[at] as number;
    const isNegative = byte === minus;
    if (isNegative) byte = bytes[++at] as number;
    const first = at;
    let value = 0;
    while (byte >= zero && byte <= nine && at - first < plainDigits) {
      value = value * 10 + (byte - zero);
      byte = bytes[++at] as number;
    }
    if (isNegative) value = -value;
    const isPlain = at > first && !(byte >= zero && byte <= nine) && byte !== dot && (byte | 0x20) !== exponent;
    // A leading zero is for the slow way to refuse.
    if (!isPlain || (bytes[first] === zero && at > first + 1)) {
      cursor.at = begin;
      const number = at > first ? readNumber(cursor) : Number.NaN;
      if (isProblem(number) || !Number.isInteger(number)) return stop(cursor, begin, index);
      value = number;
      at = cursor.at;
      byte = bytes[at] as number;
    }
    if (value < low || value > high) return stop(cursor, begin, index);
    target[index++] = value;

    while (isSpace(byte)) byte = bytes[++at] as number;
    if (byte !== comma || index === limit) {
      cursor.at = at;
      return index;
    }
    byte = bytes[++at] as number;
    while (isSpace(byte)) byte = bytes[++at] as number;
  }
}

/** The largest values of 32 bits have 10. */
const plainDigits = 11;
