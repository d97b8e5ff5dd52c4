import { isProblem } from "../errors.ts";
import { comma, dot, exponent, isSpace, minus, nine, zero } from "./byte.ts";
import { type Cursor, stop } from "./cursor.ts";
import { readNumber } from "./read-value.ts";

/**
 * Reads 64-bit integers of an array, with every digit, and stops as {@link readFloats} does. `halves` is the target as
 * little-endian pairs of 32 bits, as a BigInt for each value would take ten times longer; `start` and `limit` count
 * whole values.
 *
 * A value written with a fraction or an exponent is taken while a double holds it exactly.
 */
export function readIntegers64(
  cursor: Cursor,
  halves: Uint32Array,
  start: number,
  limit: number,
  isSigned: boolean,
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
    // The value is `upper` times 10^9 plus `lower`, the last nine digits: each an exact double.
    let upper = 0;
    let lower = 0;
    while (byte >= zero && byte <= nine) byte = bytes[++at] as number;
    const last = at;
    const isPlain = last > first && last - first <= maximumDigits && byte !== dot && (byte | 0x20) !== exponent;
    if (isPlain && (bytes[first] !== zero || last === first + 1)) {
      const split = last - first > lowerDigits ? last - lowerDigits : first;
      for (let i = first; i < split; i++) upper = upper * 10 + ((bytes[i] as number) - zero);
      for (let i = split; i < last; i++) lower = (lower * 10 + ((bytes[i] as number) - zero)) | 0;
    } else {
      cursor.at = begin;
      const number = last > first ? readNumber(cursor) : Number.NaN;
      if (isProblem(number) || !Number.isSafeInteger(number)) return stop(cursor, begin, index);
      upper = Math.floor(Math.abs(number) / lowerPower);
      lower = Math.abs(number) - upper * lowerPower;
      at = cursor.at;
      byte = bytes[at] as number;
    }

    // The product in pieces that a double holds: 17 bits of `upper` and the rest.
    const upperHigh = Math.floor(upper / 2 ** 17);
    const head = upperHigh * lowerPower;
    const tail = (upper - upperHigh * 2 ** 17) * lowerPower + lower;
    const headHigh = Math.floor(head / 2 ** 15);
    const tailHigh = Math.floor(tail / 2 ** 32);
    const sum = (head - headHigh * 2 ** 15) * 2 ** 17 + (tail - tailHigh * 2 ** 32);
    const carry = sum >= 2 ** 32 ? 1 : 0;
    const low = sum - carry * 2 ** 32;
    const high = headHigh + tailHigh + carry;

    const isZero = high === 0 && low === 0;
    const fits = isNegative
      ? isZero || (isSigned && (high < 2 ** 31 || (high === 2 ** 31 && low === 0)))
      : high < (isSigned ? 2 ** 31 : 2 ** 32);
    if (!fits) return stop(cursor, begin, index);
    // Two's complement.
    halves[2 * index] = isNegative ? -low : low;
    halves[2 * index + 1] = isNegative ? (low === 0 ? -high : ~high) : high;
    index += 1;

    while (isSpace(byte)) byte = bytes[++at] as number;
    if (byte !== comma || index === limit) {
      cursor.at = at;
      return index;
    }
    byte = bytes[++at] as number;
    while (isSpace(byte)) byte = bytes[++at] as number;
  }
}

/** Of 2^64; more have no place in any target. */
const maximumDigits = 20;
const lowerDigits = 9;
const lowerPower = 1e9;
