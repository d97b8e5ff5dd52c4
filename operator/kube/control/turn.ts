/** One at a time, in the order of asking. */
export interface Turn {
  /** Resolves with what ends the turn, once all who asked before have ended theirs. */
  take(): Promise<() => void>;
}

export function createTurn(): Turn {
  let last: Promise<void> = Promise.resolve();
  return {
    take: async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const before = last;
      last = promise;
      await before;
      return resolve;
    },
  };
}
