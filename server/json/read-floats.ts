/// <reference lib="esnext.float16" />
import { type Cursor, stop } from "./cursor.ts";
import { exactDigits, exactDouble, exactPower, powersOfTen } from "./exact-double.ts";
import { isNext } from "./read-string.ts";

/** A form of floating point (IEEE 754): how a double becomes one, and the first that becomes an infinity. */
export interface FloatFormat {
  readonly round: "double" | "single" | "half";
  readonly limit: number;
}

export const double: FloatFormat = { round: "double", limit: Infinity };
/** Half-way between the largest single and 2^128. */
export const single: FloatFormat = { round: "single", limit: 2 ** 128 - 2 ** 103 };
/** Half-way between 65504 and 2^16. */
export const half: FloatFormat = { round: "half", limit: 65_520 };

/**
 * Reads numbers of an array into `target`, from `index` on. The cursor is at an element. It stops
 * - behind an element that no comma follows, or that fills `target` up to `limit`: the next index is returned, and the
 *   cursor is at the next byte that is no space;
 * - before an element that is no number, has no form in JSON or is too large: ~index is returned.
 *
 * Every element is what JSON.parse makes of it, rounded to `format`. The strings "NaN", "Infinity" and "-Infinity"
 * stand for the values that JSON has no number for, as in Protocol Buffers' JSON mapping.
 *
 * One number costs about 20 ns, so all of it stands in one function: values that cross calls would be boxed.
 */
export function readFloats(
  cursor: Cursor,
  target: Float32Array | Float64Array | Float16Array,
  start: number,
  limit: number,
  format: FloatFormat,
): number {
  const { bytes, view } = cursor;
  const lastWord = bytes.length - 4;
  const isSingle = format.round === "single";
  const isHalf = format.round === "half";
  const largest = format.limit;
  let index = start;
  let { at } = cursor;
  for (;;) {
    const begin = at;
    let byte = bytes[at] as number;
    const isNegative = byte === minus;
    if (isNegative) byte = bytes[++at] as number;
    // `mantissa` times ten to the power of `scale` is the value; `digits` of it are significant.
    let mantissa = byte - zero;
    let digits = 0;
    let scale = 0;
    let value = 0;
    if (mantissa >= 0 && mantissa <= 9) {
      byte = bytes[++at] as number;
      if (mantissa !== 0) {
        digits = 1;
        while (byte >= zero && byte <= nine) {
          if (digits < enoughDigits) {
            mantissa = mantissa * 10 + (byte - zero);
            digits += 1;
          } else {
            digits = tooManyDigits;
            scale += 1;
          }
          byte = bytes[++at] as number;
        }
      }
      if (byte === dot) {
        at += 1;
        const first = at;
        if (mantissa === 0) {
          while (bytes[at] === zero) at += 1;
          scale = first - at;
        }
        // Four digits at once: each byte of the word is checked to be one, then neighbours are joined.
        while (digits < enoughDigits && at < lastWord) {
          let word = view.getUint32(at, true) | 0;
          if ((word & 0xf0f0f0f0) !== allDigits || ((word + 0x06060606) & 0xf0f0f0f0) !== allDigits) break;
          word &= 0x0f0f0f0f;
          word = (word * 10 + (word >>> 8)) & 0x00ff00ff;
          word = (word * 100 + (word >>> 16)) & 0xffff;
          mantissa = mantissa * 10_000 + word;
          digits += 4;
          scale -= 4;
          at += 4;
        }
        byte = bytes[at] as number;
        while (byte >= zero && byte <= nine) {
          if (digits < enoughDigits) {
            mantissa = mantissa * 10 + (byte - zero);
            digits += 1;
            scale -= 1;
          } else {
            digits = tooManyDigits;
          }
          byte = bytes[++at] as number;
        }
        if (at === first) return stop(cursor, begin, index);
      } else if (byte >= zero && byte <= nine) {
        // A leading zero.
        return stop(cursor, begin, index);
      }
      if ((byte | 0x20) === exponent) {
        byte = bytes[++at] as number;
        const isDown = byte === minus;
        if (isDown || byte === plus) byte = bytes[++at] as number;
        const first = at;
        let distance = 0;
        while (byte >= zero && byte <= nine) {
          if (distance < farOut) distance = distance * 10 + (byte - zero);
          byte = bytes[++at] as number;
        }
        if (at === first) return stop(cursor, begin, index);
        scale += isDown ? -distance : distance;
      }

      const power = scale < 0 ? -scale : scale;
      if (mantissa !== 0) {
        if (power < powersOfTen.length) {
          const factor = powersOfTen[power] as number;
          value = scale < 0 ? mantissa / factor : mantissa * factor;
          if (digits > exactDigits || power > exactPower) {
            const low = value * justBelow;
            const high = value * justAbove;
            const isSure = isSingle
              ? Math.fround(low) === Math.fround(high)
              : isHalf && Math.f16round(low) === Math.f16round(high);
            if (!isSure) value = exactDouble(bytes, begin, at, digits, scale);
          }
        } else {
          value = exactDouble(bytes, begin, at, digits, scale);
        }
      }
      if (value >= largest) return stop(cursor, begin, index);
      target[index++] = isNegative ? -value : value;
    } else {
      cursor.at = begin;
      const named = readNonFinite(cursor);
      if (named === undefined) return ~index;
      target[index++] = named;
      at = cursor.at;
      byte = bytes[at] as number;
    }

    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = bytes[++at] as number;
    if (byte !== comma || index === limit) {
      cursor.at = at;
      return index;
    }
    byte = bytes[++at] as number;
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = bytes[++at] as number;
  }
}

/** More do not change a single or a half; a double takes the slow way from here on. */
const enoughDigits = 16;
/** Stands for any number of digits beyond those that were added up. */
const tooManyDigits = 100;
/** An exponent of so many is beyond every format, however many digits stand before it. */
const farOut = 1e9;
const allDigits = 0x30303030;

/** Bytes of JSON once more: V8 reads a constant of another module anew each time, which costs a tenth of all. */
const quote = 0x22;
const plus = 0x2b;
const comma = 0x2c;
const minus = 0x2d;
const dot = 0x2e;
const zero = 0x30;
const nine = 0x39;
const exponent = 0x65;

/**
 * A value is off by less than 2^-48 of itself: 2^-49.8 for digits that were left out behind 16 of them, and four
 * roundings of 2^-53 (twice as the mantissa grows beyond 2^53, the power of ten, its product). What rounds to the same
 * on both sides of that is therefore right, and it is for all but one of some million numbers.
 */
const justBelow = 1 - 2 ** -48;
const justAbove = 1 + 2 ** -48;

function readNonFinite(cursor: Cursor): number | undefined {
  if (cursor.bytes[cursor.at] !== quote) return undefined;
  if (isNext(cursor, "NaN")) return Number.NaN;
  if (isNext(cursor, "Infinity")) return Infinity;
  return isNext(cursor, "-Infinity") ? -Infinity : undefined;
}
