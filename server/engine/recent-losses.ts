/** What keeps dying is no accident; more losses than this within the window are a failure of the whole. */
export const maximumLosses = 5;
const windowMilliseconds = 10 * 60 * 1000;

/** Counts what was lost lately, workers or processes. */
export interface RecentLosses {
  /** Notes one at `now` (monotonic, milliseconds), and says how many there were in the last ten minutes, this one included. */
  readonly add: (now: number) => { readonly count: number; readonly isTooMany: boolean };
}

export function createRecentLosses(): RecentLosses {
  const losses: number[] = [];
  return {
    add(now) {
      losses.push(now);
      while ((losses[0] ?? now) < now - windowMilliseconds) losses.shift();
      return { count: losses.length, isTooMany: losses.length > maximumLosses };
    },
  };
}
