import { fewDigits } from "./few-digits.ts";
import { createFloatScales } from "./float-scales.ts";
import type { Sheet } from "./sheet.ts";
import { countZeros, fourDigits, writeDigits } from "./write-digits.ts";
import { writeSpecial } from "./write-special.ts";
import { writeWhole } from "./write-whole.ts";

/**
 * Writes singles from `begin` to `end` as JSON with commas between, and returns the place behind them. Each has the
 * fewest digits that are read as it, rounded to a single, directly or as a double first; of those that are as short
 * the closest.
 *
 * A single is an integer of 24 bits times a power of two. Times a power of ten it has nine digits or ten before its
 * point, and what is read as it is an interval of 6 to 119 of those integers about it. So a multiple of 10 is in there,
 * more often than not one of 100, at times one of 1000 or more. One number costs about 20 ns, so all of it stands in one
 * function, and the choice of 10 or 100, which no processor can foresee, is made without a branch.
 */
export function writeSingles(sheet: Sheet, start: number, data: Float32Array, begin: number, end: number): number {
  const { bytes, view } = sheet;
  const words = new Int32Array(data.buffer, data.byteOffset, data.length);
  let at = start;
  for (let i = begin; i < end; i++) {
    const word = words[i] as number;
    const row = (word >>> 23) & 0xff;
    const mantissa = (word & fraction) | leadingBit;
    const point = points[row] as number;
    if (row === 0 || row >= wholeExponent || mantissa === leadingBit) {
      at = writeRare(sheet, at, word);
    } else {
      bytes[at] = minus;
      at = (at + (word >>> 31)) | 0;
      const product = mantissa * (factors[3 * row] as number);
      const whole = product | 0;
      const rest = product - whole + mantissa * (factors[3 * row + 1] as number);
      const reach = factors[3 * row + 2] as number;
      // What is exactly half-way to the next single has more digits than are written here: it may count or not.
      // The number is upper * 10^4 + value, and what is read as it goes from first to last.
      const upper = (whole / 10_000) | 0;
      const lower = (whole - Math.imul(upper, 10_000)) | 0;
      const value = (lower + (rest | 0)) | 0;
      const last = (lower + ((rest + reach) | 0)) | 0;
      const first = (lower + ((rest - reach) | 0)) | 0;
      const thousands = Math.imul((last / 1000) | 0, 1000);
      if (thousands >= first) {
        const digits = (Math.imul(upper, 10_000) + thousands) | 0;
        at = writeShort(sheet, at, digits, row, mantissa);
      } else {
        const hundreds = Math.imul(((value + 50) / 100) | 0, 10);
        const isOut = ((Math.imul(hundreds, 10) - first) | (last - Math.imul(hundreds, 10))) >> 31;
        // Below 1000, as that is a multiple of 1000, too.
        const tens = ((((value + 5) / 10) | 0) & isOut) | (hundreds & ~isOut);
        const lead = (upper / 10_000) | 0;
        if (point > 1 || point <= -6 || lead > 9) {
          at = writeDigits(sheet, at, (Math.imul(upper, 10_000) + Math.imul(tens, 10)) | 0, (2 + isOut) | 0, point);
        } else {
          if (point === 1) {
            bytes[at] = zero + lead;
            bytes[at + 1] = dot;
            at = (at + 2) | 0;
          } else {
            bytes[at] = zero;
            bytes[at + 1] = dot;
            at = (at + 2) | 0;
            for (let zeros = point; zeros < 0; zeros++) {
              bytes[at] = zero;
              at = (at + 1) | 0;
            }
            bytes[at] = zero + lead;
            at = (at + 1) | 0;
          }
          view.setInt32(at, fourDigits((upper - Math.imul(lead, 10_000)) | 0), true);
          view.setInt32(at + 4, threeDigits[tens] as number, true);
          // Of a multiple of 100 one digit fewer.
          at = (at + 6 - isOut) | 0;
        }
      }
    }
    bytes[at] = comma;
    at = (at + 1) | 0;
  }
  return end > begin ? at - 1 : at;
}

const scales = createFloatScales(23, 8);
const { factors, points, subnormalRow } = scales;
/**
 * Of all 2^31 singles one, 7.0385307e-26, has a shortest number, 7.038531e-26, that is lost on those who read a double
 * first: that is half-way to the next single, and is rounded there. Singles of its exponent reach a little less far,
 * which changes no other (a full sweep).
 */
factors[3 * 43 + 2] = (factors[3 * 43 + 2] as number) - 2 ** -20;
/** The parts of a single (IEEE 754, binary32); the leading bit of its mantissa is not stored. */
const fraction = 0x7fffff;
const leadingBit = 0x800000;
/** From this exponent on all singles are whole. */
const wholeExponent = 150;

/** Words of three digits, little-endian; the fourth byte is written over. */
const threeDigits = Int32Array.from({ length: 1000 }, (_, value) => fourDigits(value) >>> 8);

/** What few digits are enough for. Most of it is whole. */
function writeShort(sheet: Sheet, at: number, digits: number, row: number, mantissa: number): number {
  const shift = (wholeExponent - row) | 0;
  if (shift <= 23 && (mantissa & ((1 << shift) - 1)) === 0) return writeWhole(sheet, at, mantissa >>> shift);
  return writeDigits(sheet, at, digits, countZeros(digits), points[row] as number);
}

/** What is not in the middle of an interval, whole whatever its mantissa is, or has no digits. */
function writeRare(sheet: Sheet, start: number, word: number): number {
  const { bytes } = sheet;
  const exponent = (word >>> 23) & 0xff;
  const stored = word & fraction;
  const isNegative = word < 0;
  if (exponent === 0xff) {
    return writeSpecial(bytes, start, stored !== 0 ? Number.NaN : isNegative ? -Infinity : Infinity);
  }
  if (exponent === 0 && stored === 0) return writeSpecial(bytes, start, isNegative ? -0 : 0);
  bytes[start] = minus;
  const at = (start + (word >>> 31)) | 0;
  const isSubnormal = exponent === 0;
  const mantissa = isSubnormal ? stored : stored | leadingBit;
  const size = mantissa * 2 ** (exponent - wholeExponent);
  if (Number.isSafeInteger(size)) return writeWhole(sheet, at, size);

  const row = isSubnormal ? subnormalRow + 31 - Math.clz32(mantissa) : exponent;
  const digits = fewDigits(scales, row, mantissa, stored === 0);
  return writeDigits(sheet, at, digits, countZeros(digits), points[row] as number);
}

/**
 * Bytes of JSON once more: V8 reads a constant of another module anew each time, which costs a tenth of all.
 */
const comma = 0x2c;
const dot = 0x2e;
const minus = 0x2d;
const zero = 0x30;
