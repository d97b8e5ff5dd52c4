/**
 * What brings the floats of one size to integers of nine or ten digits, so that their shortest decimal digits can be
 * found among integers. A row of it belongs to a biased exponent; the subnormals (IEEE 754), which share one, have a row
 * for each number of bits, from `subnormalRow` on.
 */
export interface FloatScales {
  /**
   * Three to a row. The first two make up the factor, ten to a power times two to a power: `mantissa * first` is exact,
   * and with `mantissa * second` the product is right to 2^-45. The third is half a unit in the last place of the float,
   * scaled as well: as far as a number may be from the float and be read as it.
   */
  readonly factors: Float64Array;
  /** Of the nine digits, how many stand before the decimal point; negative: zeros behind it. */
  readonly points: Int8Array;
  /** The row of the subnormal with a mantissa of one bit. */
  readonly subnormalRow: number;
}

/** As many bits as leave a product with 24 others exact. */
const exactBits = 29;
/** The factors are made of integers this much larger. */
const extraBits = 110;

export function createFloatScales(mantissaBits: number, exponentBits: number): FloatScales {
  const bias = 2 ** (exponentBits - 1) - 1;
  const subnormalRow = 2 ** exponentBits;
  const factors = new Float64Array(3 * (subnormalRow + mantissaBits));
  const points = new Int8Array(subnormalRow + mantissaBits);
  const smallest = 1 - bias - mantissaBits;
  /** `unit`: the exponent of two of the last bit; `leading`: that of the first. */
  const fill = (row: number, unit: number, leading: number): void => {
    // 2^leading becomes a number of nine digits; twice as much still fits into 31 bits.
    const power = 8 - Math.floor(leading * Math.log10(2));
    const factor = scaled(unit, power);
    const dropped = BigInt(factor.toString(2).length - exactBits);
    const first = (factor >> dropped) << dropped;
    const high = Number(first) * 2 ** -extraBits;
    const low = Number(factor - first) * 2 ** -extraBits;
    factors.set([high, low, (high + low) / 2], 3 * row);
    points[row] = 9 - power;
  };
  for (let exponent = 1; exponent < subnormalRow - 1; exponent++)
    fill(exponent, smallest + exponent - 1, exponent - bias);
  for (let bit = 0; bit < mantissaBits; bit++) fill(subnormalRow + bit, smallest, smallest + bit);
  return { factors, points, subnormalRow };
}

/** 2^two * 10^ten, times 2^{@link extraBits}, rounded down. */
function scaled(two: number, ten: number): bigint {
  const power = 10n ** BigInt(Math.abs(ten));
  const shift = BigInt(two + extraBits);
  if (ten < 0) return shift < 0n ? 0n : (1n << shift) / power;
  return shift < 0n ? power >> -shift : power << shift;
}
