/** Powers of ten, each rounded once; those up to {@link exactPower} are exact. */
export const powersOfTen: Float64Array = Float64Array.from({ length: 289 }, (_, power) => Number(`1e${power}`));
/** 5^22 is the last power of five with at most 53 bits. */
export const exactPower = 22;
/** Any integer of so many digits is exact in a double. */
export const exactDigits = 15;

/** Digits of 2^64 without its first: what is left behind {@link exactDigits} is then small enough to add up exactly. */
const splitDigits = 19;
/** Splits a double into two halves of 26 bits (Dekker, 1971). */
const splitter = 2 ** 27 + 1;
/** Far more than the few roundings of 2^-106 below add up to. */
const doubt = 2 ** -95;

/**
 * The double nearest to the JSON number from `begin` to `end`, as JSON.parse has it. It has `digits` digits without
 * leading zeros, and is an integer made of them times ten to the power of `scale`.
 *
 * Twice the precision of a double is enough to know the nearest one, but for numbers that lie as good as half-way
 * between two: those, and rare sizes, go to the engine's own conversion, which takes several times longer.
 */
export function exactDouble(bytes: Buffer, begin: number, end: number, digits: number, scale: number): number {
  if (digits <= splitDigits && scale >= -exactPower && scale <= exactPower) {
    const magnitude = inTwoDoubles(bytes, begin, digits, scale);
    if (magnitude !== undefined) return magnitude;
  }
  return Math.abs(Number(bytes.toString("latin1", begin, end)));
}

function inTwoDoubles(bytes: Buffer, begin: number, digits: number, scale: number): number | undefined {
  let first = 0;
  let rest = 0;
  let at = begin;
  for (let left = digits; left > 0; at++) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9 || (digit === 0 && left === digits)) continue;
    if (digits - left < exactDigits) first = first * 10 + digit;
    else rest = rest * 10 + digit;
    left -= 1;
  }
  // The integer is high + low, exactly.
  const power = powersOfTen[Math.max(digits - exactDigits, 0)] as number;
  const product = first * power;
  const high = product + (productError(first, power, product) + rest);
  const low = product - high + (productError(first, power, product) + rest);

  const factor = powersOfTen[Math.abs(scale)] as number;
  let result: number;
  let correction: number;
  if (scale < 0) {
    result = high / factor;
    const back = result * factor;
    correction = (high - back - productError(result, factor, back) + low) / factor;
  } else {
    result = high * factor;
    correction = productError(high, factor, result) + low * factor;
  }
  const error = result * doubt;
  const nearest = result + (correction - error);
  return nearest === result + (correction + error) ? nearest : undefined;
}

/** What `product`, rounded, lacks of a * b (Dekker, 1971): exact, as no size here comes near the ends of a double's. */
function productError(a: number, b: number, product: number): number {
  const aSplit = a * splitter;
  const aHigh = aSplit - (aSplit - a);
  const aLow = a - aHigh;
  const bSplit = b * splitter;
  const bHigh = bSplit - (bSplit - b);
  const bLow = b - bHigh;
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}
