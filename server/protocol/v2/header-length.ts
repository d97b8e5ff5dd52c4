import type { Problem } from "../../errors.ts";
import { binaryProblems } from "./binary-problems.ts";
import { bytesToAlignment } from "../read/aligned-numbers.ts";

/**
 * Value of the header `inference-header-content-length`: how many bytes of the body, decompressed, are JSON. Undefined:
 * all of them. 0: none, see {@link decodeRaw}.
 */
export function readHeaderLength(value: string | undefined, bodyBytes: number): number | undefined | Problem {
  if (value === undefined) return undefined;
  const length = digits.test(value) ? Number(value) : Infinity;
  return length <= bodyBytes ? length : binaryProblems.badHeaderLength(value, bodyBytes);
}

/** Bytes of memory to leave free before a body with this header, so that the first tensor behind its JSON lies aligned. */
export function bytesBeforeBody(value: string | undefined): number {
  const length = readHeaderLength(value, Number.MAX_SAFE_INTEGER);
  // What is none is refused when it is read.
  return typeof length === "number" ? bytesToAlignment(length) : 0;
}

/** No sign, no fraction, and a number that a double holds exactly. */
const digits = /^\d{1,15}$/;
