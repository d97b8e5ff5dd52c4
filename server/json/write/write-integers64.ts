import { comma, minus } from "../byte.ts";
import type { Sheet } from "./sheet.ts";
import { writeText } from "./write-special.ts";
import { writeWhole } from "./write-whole.ts";

/**
 * Writes 64-bit integers from `begin` to `end` with every digit and commas between, and returns the place behind them.
 * They are taken as little-endian pairs of 32 bits, as most fit a number, and a BigInt would take ten times longer.
 */
export function writeIntegers64(
  sheet: Sheet,
  start: number,
  data: BigInt64Array | BigUint64Array,
  begin: number,
  end: number,
): number {
  const { bytes } = sheet;
  const halves = new Uint32Array(data.buffer, data.byteOffset, 2 * data.length);
  const isSigned = data instanceof BigInt64Array;
  let at = start;
  for (let i = begin; i < end; i++) {
    if (i > begin) bytes[at++] = comma;
    const low = halves[2 * i] as number;
    const high = halves[2 * i + 1] as number;
    const isNegative = isSigned && high >= 2 ** 31;
    // Of a negative value what it lacks of 2^64.
    const size = isNegative ? (2 ** 32 - 1 - high) * 2 ** 32 + (2 ** 32 - low) : high * 2 ** 32 + low;
    if (size <= Number.MAX_SAFE_INTEGER) {
      if (isNegative) bytes[at++] = minus;
      at = writeWhole(sheet, at, size);
    } else {
      at = writeText(bytes, at, String(data[i]));
    }
  }
  return at;
}
