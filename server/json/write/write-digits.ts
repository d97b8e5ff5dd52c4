import type { Sheet } from "./sheet.ts";

/**
 * Writes a positive number, and returns the place behind it. `digits` is an integer of nine digits or of ten, from 10^8
 * to 2^31, the last `zeros` of which are zeros; of nine, `point` stand before the decimal point, of ten one more. The
 * notation is JavaScript's (ECMA-262, Number::toString): plain from 1e-6 up to 1e21, else with an exponent.
 */
export function writeDigits(
  { bytes, view }: Sheet,
  start: number,
  digits: number,
  zeros: number,
  point: number,
): number {
  const isTen = digits >= 1_000_000_000 ? 1 : 0;
  const count = (9 + isTen - zeros) | 0;
  const before = (point + isTen) | 0;
  const nine = isTen === 1 ? (digits / 10) | 0 : digits;
  const lead = (nine / 100_000_000) | 0;
  const rest = (nine - Math.imul(lead, 100_000_000)) | 0;
  const middle = (rest / 10_000) | 0;
  const last = (rest - Math.imul(middle, 10_000)) | 0;
  let at = start;
  if (before <= 0 && before > -6) {
    bytes[at] = zero;
    bytes[at + 1] = dot;
    at = writeZeros(bytes, (at + 2) | 0, -before | 0);
    bytes[at] = zero + lead;
    view.setInt32(at + 1, fourDigits(middle), true);
    view.setInt32(at + 5, fourDigits(last), true);
    return (at + count) | 0;
  }
  const isPlain = before > 0 && before <= 21;
  if (isPlain && count <= before) {
    bytes[at] = zero + lead;
    view.setInt32(at + 1, fourDigits(middle), true);
    view.setInt32(at + 5, fourDigits(last), true);
    writeZeros(bytes, (at + 9) | 0, (before - 9) | 0);
    return (at + before) | 0;
  }
  // The point takes its place when all digits are there, one place too far.
  bytes[at + 1] = zero + lead;
  view.setInt32(at + 2, fourDigits(middle), true);
  view.setInt32(at + 6, fourDigits(last), true);
  const whole = isPlain ? before : 1;
  for (let end = (at + whole) | 0; at < end; at = (at + 1) | 0) bytes[at] = bytes[at + 1] as number;
  bytes[at] = dot;
  if (isPlain) return (start + count + 1) | 0;
  return writeExponent(bytes, count === 1 ? at : (start + count + 1) | 0, (before - 1) | 0);
}

/** How many zeros there are at the end of a positive integer below 2^31. */
export function countZeros(value: number): number {
  let zeros = 0;
  for (let left = value; left === Math.imul((left / 10) | 0, 10); left = (left / 10) | 0) zeros = (zeros + 1) | 0;
  return zeros;
}

/** The four digits of an integer below 10^4, as the word that stands for them in memory, little-endian. */
export function fourDigits(value: number): number {
  // Each step divides by multiplying with a little more than the reciprocal, the second one two numbers at once.
  const hundreds = Math.imul(value, 5243) >>> 19;
  const pairs = hundreds | ((value - Math.imul(hundreds, 100)) << 16);
  const tens = (Math.imul(pairs, 103) >>> 10) & 0x000f000f;
  return ((tens | ((pairs - Math.imul(tens, 10)) << 8)) + 0x30303030) | 0;
}

function writeZeros(bytes: Uint8Array, start: number, count: number): number {
  let at = start;
  for (let left = count; left > 0; left = (left - 1) | 0) {
    bytes[at] = zero;
    at = (at + 1) | 0;
  }
  return at;
}

/** Of two digits at most. */
function writeExponent(bytes: Uint8Array, start: number, value: number): number {
  const isNegative = value < 0;
  const size = isNegative ? -value | 0 : value;
  const tens = (size / 10) | 0;
  let at = start;
  bytes[at] = exponent;
  bytes[at + 1] = isNegative ? minus : plus;
  at = (at + 2) | 0;
  if (tens > 0) {
    bytes[at] = zero + tens;
    at = (at + 1) | 0;
  }
  bytes[at] = zero + size - Math.imul(tens, 10);
  return (at + 1) | 0;
}

/**
 * Bytes of JSON once more: V8 reads a constant of another module anew each time, which costs a tenth of all.
 */
const dot = 0x2e;
const exponent = 0x65;
const minus = 0x2d;
const plus = 0x2b;
const zero = 0x30;
