import { comma, minus } from "../byte.ts";
import type { Sheet } from "./sheet.ts";
import { writeSpecial, writeText } from "./write-special.ts";
import { writeWhole } from "./write-whole.ts";

/** Writes doubles from `begin` to `end` as JSON with commas between, and returns the place behind them. */
export function writeDoubles(sheet: Sheet, start: number, data: Float64Array, begin: number, end: number): number {
  const { bytes } = sheet;
  let at = start;
  for (let i = begin; i < end; i++) {
    if (i > begin) bytes[at++] = comma;
    const value = data[i] as number;
    if (value === 0 || !Number.isFinite(value)) {
      at = writeSpecial(bytes, at, value);
    } else if (Number.isSafeInteger(value)) {
      if (value < 0) bytes[at++] = minus;
      at = writeWhole(sheet, at, Math.abs(value));
    } else {
      // JavaScript's digits are the shortest that are read as the same double.
      at = writeText(bytes, at, String(value));
    }
  }
  return at;
}
