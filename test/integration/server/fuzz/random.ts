/** Numbers that look random and come again with the same seed. */
export interface Random {
  /** An integer from 0 to `end - 1`. */
  readonly below: (end: number) => number;
  readonly pick: <T>(choices: readonly [T, ...T[]]) => T;
  /** True once in `times` times. */
  readonly oneIn: (times: number) => boolean;
}

/** mulberry32 (Tommy Ettinger, public domain): 32 bits of state, which is plenty to be varied. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (end: number): number => Math.floor(next() * end);
  return {
    below,
    pick: <T>(choices: readonly [T, ...T[]]) => choices[below(choices.length)] ?? choices[0],
    oneIn: (times) => below(times) === 0,
  };
}
