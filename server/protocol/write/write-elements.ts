/// <reference lib="esnext.float16" />
import type { SmallIntegers } from "../../json/read-integers.ts";
import type { Sheet } from "../../json/write/sheet.ts";
import { writeBooleans } from "../../json/write/write-booleans.ts";
import { writeDoubles } from "../../json/write/write-doubles.ts";
import { writeHalves } from "../../json/write/write-halves.ts";
import { writeIntegers } from "../../json/write/write-integers.ts";
import { writeIntegers64 } from "../../json/write/write-integers64.ts";
import { writeSingles } from "../../json/write/write-singles.ts";
import type { Tensor } from "../../tensor.ts";

/**
 * Writes elements from `start` to `end` as JSON with commas between, and returns the place behind them. Numbers have the
 * fewest digits that are read as the same value of their datatype; whole numbers below 2^53 and 64-bit integers have
 * all of theirs. Values that JSON has no number for are the strings "NaN", "Infinity" and "-Infinity", as in Protocol
 * Buffers' JSON mapping. Strings are not written: they have any length.
 */
export function writeElements(
  sheet: Sheet,
  at: number,
  { datatype, data }: Tensor,
  start: number,
  end: number,
): number {
  switch (datatype) {
    case "FP32":
      return writeSingles(sheet, at, data as Float32Array, start, end);
    case "FP64":
      return writeDoubles(sheet, at, data as Float64Array, start, end);
    case "FP16":
      return writeHalves(sheet, at, data as Float16Array, start, end);
    case "INT64":
    case "UINT64":
      return writeIntegers64(sheet, at, data as BigInt64Array | BigUint64Array, start, end);
    case "BOOL":
      return writeBooleans(sheet, at, data as Uint8Array, start, end);
    case "BYTES":
      return at;
    case "INT8":
    case "INT16":
    case "INT32":
    case "UINT8":
    case "UINT16":
    case "UINT32":
      return writeIntegers(sheet, at, data as SmallIntegers, start, end);
  }
}
