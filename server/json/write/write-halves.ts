/// <reference lib="esnext.float16" />
import { comma, minus } from "../byte.ts";
import { fewDigits } from "./few-digits.ts";
import { createFloatScales } from "./float-scales.ts";
import type { Sheet } from "./sheet.ts";
import { countZeros, writeDigits } from "./write-digits.ts";
import { writeSpecial } from "./write-special.ts";
import { writeWhole } from "./write-whole.ts";

/** As {@link writeSingles}, of half precision: what is read as the same half. */
export function writeHalves(sheet: Sheet, start: number, data: Float16Array, begin: number, end: number): number {
  const { bytes } = sheet;
  let at = start;
  for (let i = begin; i < end; i++) {
    if (i > begin) bytes[at++] = comma;
    const value = data[i] as number;
    if (value === 0 || !Number.isFinite(value)) {
      at = writeSpecial(bytes, at, value);
      continue;
    }
    if (value < 0) bytes[at++] = minus;
    const size = Math.abs(value);
    at = size % 1 === 0 ? writeWhole(sheet, at, size) : writeFraction(sheet, at, size);
  }
  return at;
}

function writeFraction(sheet: Sheet, at: number, size: number): number {
  const exponent = Math.max(Math.floor(Math.log2(size)), smallestExponent);
  const mantissa = size * 2 ** (fractionBits - exponent);
  const isSubnormal = mantissa < 2 ** fractionBits;
  const row = isSubnormal ? scales.subnormalRow + 31 - Math.clz32(mantissa) : exponent - smallestExponent + 1;
  const digits = fewDigits(scales, row, mantissa, mantissa === 2 ** fractionBits);
  return writeDigits(sheet, at, digits, countZeros(digits), scales.points[row] as number);
}

/** IEEE 754, binary16. */
const fractionBits = 10;
const smallestExponent = -14;
const scales = createFloatScales(fractionBits, 5);
