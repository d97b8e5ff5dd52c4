/**
 * The same numbers in every run, spread evenly from low to high: as text they have as many digits as a client has that
 * writes its floats in full, some 19 bytes each. Numbers of few digits would flatter every parser.
 */
export function randomNumbers(count: number, low: number, high: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    // Numerical Recipes' generator modulo 2^32.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return low + ((high - low) * state) / 2 ** 32;
  });
}

const seed = 7;
