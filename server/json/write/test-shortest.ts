/// <reference lib="esnext.float16" />

/** A form of floating point (IEEE 754). */
export interface FloatForm {
  /** Of the mantissa, the leading one included. */
  readonly bits: number;
  /** The exponent of the last bit, of subnormals. */
  readonly smallest: number;
  readonly round: (value: number) => number;
}

export const singleForm: FloatForm = { bits: 24, smallest: -149, round: Math.fround };
export const halfForm: FloatForm = { bits: 11, smallest: -24, round: Math.f16round };

/**
 * What is wrong with `text` for a positive float: it must be a number that is read as it, directly and as a double first,
 * no number with fewer digits may be, and none with as many may be closer. By integers of any size, as the definition
 * says and no faster.
 */
export function flawOf(text: string, value: number, { bits, smallest, round }: FloatForm): string | undefined {
  const notation = /^(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(text);
  if (notation === null) return "is no number of JSON";
  if (String(Number(text)) !== text) return `is not in JavaScript's notation, ${Number(text)}`;
  if (value % 1 === 0 && value < 2 ** 53) return text === String(value) ? undefined : "lacks digits of a whole number";

  let last = smallest;
  while (value / 2 ** last >= 2 ** bits) last += 1;
  const mantissa = BigInt(value / 2 ** last);
  const isPowerOfTwo = mantissa === 1n << BigInt(bits - 1) && last > smallest;
  // In quarters of the last bit.
  const center = 4n * mantissa;
  const first = center - (isPowerOfTwo ? 1n : 2n);
  const end = center + 2n;

  const written = (notation[1] ?? "") + (notation[2] ?? "");
  const digits = BigInt(written.replace(/0+$/, ""));
  const power =
    Number(notation[3] ?? 0) - (notation[2] ?? "").length + written.length - written.replace(/0+$/, "").length;
  /** Of `number` times ten to `ten`, in quarters, times `unit`. */
  const two = BigInt(Math.abs(last - 2));
  const ofDigits = (number: bigint, ten: number): bigint =>
    number * (ten > 0 ? 10n ** BigInt(ten) : 1n) * (last < 2 ? 1n << two : 1n);
  const ofQuarters = (quarters: bigint, ten: number): bigint =>
    quarters * (ten < 0 ? 10n ** BigInt(-ten) : 1n) * (last < 2 ? 1n : 1n << two);
  const isInside = (number: bigint, ten: number): boolean => {
    const scaled = ofDigits(number, ten);
    const low = ofQuarters(first, ten);
    const high = ofQuarters(end, ten);
    const isNear = mantissa % 2n === 0n ? scaled >= low && scaled <= high : scaled > low && scaled < high;
    return isNear && round(Number(`${number}e${ten}`)) === value;
  };
  const distance = (number: bigint): bigint => {
    const difference = ofDigits(number, power) - ofQuarters(center, power);
    return difference < 0n ? -difference : difference;
  };

  if (!isInside(digits, power)) return "is not read as the float";
  const shorter = ofQuarters(center, power + 1) / ofDigits(1n, power + 1);
  if (isInside(shorter, power + 1) || isInside(shorter + 1n, power + 1)) return "has more digits than it needs";
  if ([digits - 1n, digits + 1n].some((other) => isInside(other, power) && distance(other) < distance(digits)))
    return "is not the closest of its length";
  return undefined;
}
