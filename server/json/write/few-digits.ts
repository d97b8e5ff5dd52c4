import type { FloatScales } from "./float-scales.ts";

/**
 * Half a unit from a single ends on an integer or, of all 2^31, 2^-32 beside it at the closest (a full sweep). So what is
 * this close is on it, and belongs to the float when its mantissa is even: readers round half-way numbers to those
 * (IEEE 754, section 4.3.1).
 */
const closeToInteger = 2 ** -40;

/**
 * Of the decimal numbers that are read as the float, one with the fewest digits, and of those the closest: an integer
 * of nine or ten digits, whose point is where the row says. `isPowerOfTwo`: the float below is only half as far as the
 * one above.
 *
 * Any float can go this way, of whatever size; singles have a shorter one for most.
 */
export function fewDigits(scales: FloatScales, row: number, mantissa: number, isPowerOfTwo: boolean): number {
  const { factors } = scales;
  const high = factors[3 * row] as number;
  const low = factors[3 * row + 1] as number;
  const product = mantissa * high;
  const whole = Math.floor(product);
  const rest = product - whole + mantissa * low;
  const border = mantissa % 2 === 0 ? closeToInteger : -closeToInteger;
  const above = Math.floor(high / 2);
  const last = whole + above + Math.floor(rest + (high / 2 - above + low / 2) + border);
  const part = isPowerOfTwo ? 4 : 2;
  const below = Math.floor(high / part);
  const first = whole - below + Math.ceil(rest - (high / part - below + low / part) - border);

  let step = 1;
  while (Math.floor(last / (10 * step)) * (10 * step) >= first) step *= 10;
  const nearest = Math.floor((whole + Math.floor(rest) + step / 2) / step) * step;
  // Only below a power of two the nearest may be too far.
  return nearest < first ? nearest + step : nearest;
}
