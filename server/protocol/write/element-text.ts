import type { Numbers, Tensor } from "../../tensor.ts";

/**
 * JSON of elements from `start` to `end`, with commas between. Numbers read back as the same value, 64-bit integers
 * with every digit; values that JSON has no number for are the strings "NaN", "Infinity" and "-Infinity", as in Protocol
 * Buffers' JSON mapping. A negative zero becomes 0.
 *
 * Makes one text of all of them: callers see to it that they are few.
 */
export function elementsText({ datatype, data }: Tensor, start: number, end: number): string {
  if (Array.isArray(data))
    return data
      .slice(start, end)
      .map((text) => JSON.stringify(text))
      .join(",");
  const part = start === 0 && end === data.length ? data : data.subarray(start, end);
  if (datatype === "BOOL") return part.join(",").replaceAll("0", "false").replaceAll("1", "true");
  const isFloat = datatype === "FP32" || datatype === "FP64" || datatype === "FP16";
  const text = part.join(",");
  return isFloat && hasNonFinite(part as Numbers) ? text.replaceAll(nonFinite, '"$&"') : text;
}

/** How JavaScript writes what is no number in JSON. */
const nonFinite = /NaN|-?Infinity/g;

function hasNonFinite(numbers: Numbers): boolean {
  for (let i = 0; i < numbers.length; i++) {
    if (!Number.isFinite(numbers[i])) return true;
  }
  return false;
}
