import { fourDigits } from "./write-digits.ts";
import type { Sheet } from "./sheet.ts";

/** Writes the digits of an integer from 0 to 2^53, and returns the place behind them. */
export function writeWhole({ bytes, view }: Sheet, start: number, value: number): number {
  if (value < 2 ** 31) return writeSmall(bytes, start, value | 0);
  const upper = Math.floor(value / 1e8);
  const lower = (value - upper * 1e8) | 0;
  const at = writeSmall(bytes, start, upper);
  const middle = (lower / 10_000) | 0;
  view.setInt32(at, fourDigits(middle), true);
  view.setInt32(at + 4, fourDigits((lower - Math.imul(middle, 10_000)) | 0), true);
  return (at + 8) | 0;
}

function writeSmall(bytes: Uint8Array, start: number, value: number): number {
  const end = (start + countDigits(value)) | 0;
  let left = value;
  for (let at = (end - 1) | 0; at >= start; at = (at - 1) | 0) {
    const tenth = (left / 10) | 0;
    bytes[at] = 0x30 + left - Math.imul(tenth, 10);
    left = tenth;
  }
  return end;
}

function countDigits(value: number): number {
  if (value < 1e5) return value < 10 ? 1 : value < 100 ? 2 : value < 1000 ? 3 : value < 1e4 ? 4 : 5;
  return value < 1e6 ? 6 : value < 1e7 ? 7 : value < 1e8 ? 8 : value < 1e9 ? 9 : 10;
}
