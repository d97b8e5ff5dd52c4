import { type Problem, problems } from "../../errors.ts";

/**
 * Value of the header `inference-header-content-length`: how many bytes of the body, decompressed, are JSON. Undefined:
 * all of them. 0: none, see {@link decodeRaw}.
 */
export function readHeaderLength(value: string | undefined, bodyBytes: number): number | undefined | Problem {
  if (value === undefined) return undefined;
  const length = digits.test(value) ? Number(value) : Infinity;
  return length <= bodyBytes ? length : problems.badHeaderLength(value, bodyBytes);
}

/** No sign, no fraction, and a number that a double holds exactly. */
const digits = /^\d{1,15}$/;
