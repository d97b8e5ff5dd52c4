import type { Numbers, Tensor } from "../../tensor.ts";

/**
 * JSON of elements from `start` to `end`, with commas between. Numbers read back as the same value, 64-bit integers
 * with every digit; values that JSON has no number for are the strings "NaN", "Infinity" and "-Infinity", as in Protocol
 * Buffers' JSON mapping. A negative zero is `-0.0`: readers that know integers, as Python's, take `-0` for 0.
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
  return isFloat && hasSpecial(part as Numbers) ? floatsText(part as Numbers) : part.join(",");
}

/** Whether JavaScript's own way would lose something: what is no number in JSON, or a sign. */
function hasSpecial(numbers: Numbers): boolean {
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i] as number;
    if (number === 0 ? 1 / number < 0 : !Number.isFinite(number)) return true;
  }
  return false;
}

function floatsText(numbers: Numbers): string {
  const texts: string[] = [];
  for (const number of numbers) {
    if (Object.is(number, -0)) texts.push("-0.0");
    else texts.push(Number.isFinite(number) ? String(number) : `"${number}"`);
  }
  return texts.join(",");
}
