import type { SmallIntegers } from "../read-integers.ts";
import { comma, minus } from "../byte.ts";
import type { Sheet } from "./sheet.ts";
import { writeWhole } from "./write-whole.ts";

/** Writes integers from `begin` to `end` with commas between, and returns the place behind them. */
export function writeIntegers(sheet: Sheet, start: number, data: SmallIntegers, begin: number, end: number): number {
  const { bytes } = sheet;
  let at = start;
  for (let i = begin; i < end; i++) {
    if (i > begin) bytes[at++] = comma;
    const value = data[i] as number;
    if (value < 0) bytes[at++] = minus;
    at = writeWhole(sheet, at, Math.abs(value));
  }
  return at;
}
