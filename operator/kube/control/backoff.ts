/** Growing pauses of one loop that tries for ever. */
export interface Backoff {
  /** Pause before the next try: doubled at each call up to the longest, then spread by up to half again. */
  next(): number;
  reset(): void;
}

export function createBackoff(options: {
  readonly shortestMs: number;
  readonly longestMs: number;
  readonly random: () => number;
}): Backoff {
  let pauseMs = options.shortestMs;
  return {
    next: () => {
      const now = pauseMs;
      pauseMs = Math.min(pauseMs * 2, options.longestMs);
      return now * (1 + options.random() / 2);
    },
    reset: () => {
      pauseMs = options.shortestMs;
    },
  };
}
