import { comma } from "../byte.ts";
import type { Sheet } from "./sheet.ts";
import { writeText } from "./write-special.ts";

/** Writes `false` for 0 and `true` for 1, from `begin` to `end` with commas between, and returns the place behind them. */
export function writeBooleans({ bytes }: Sheet, start: number, data: Uint8Array, begin: number, end: number): number {
  let at = start;
  for (let i = begin; i < end; i++) {
    if (i > begin) bytes[at++] = comma;
    at = writeText(bytes, at, data[i] === 0 ? "false" : "true");
  }
  return at;
}
