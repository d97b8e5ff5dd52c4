/**
 * Long work of the one thread that also reads and answers, a piece for each turn of its event loop: whatever is short,
 * such as a probe of the kubelet's, waits for one piece and not for those of all connections.
 */
export interface Turns {
  /** Resolves when the caller may begin its piece, in the order of the calls. */
  next(): Promise<void>;
}

export function createTurns(): Turns {
  const waiting: (() => void)[] = [];
  // Immediates that are set while immediates run wait for the next turn, after what has come in from outside.
  const turn = (): void => {
    waiting.shift()?.();
    if (waiting.length > 0) setImmediate(turn);
  };
  return {
    next: () =>
      new Promise((resolve) => {
        waiting.push(resolve);
        if (waiting.length === 1) setImmediate(turn);
      }),
  };
}
