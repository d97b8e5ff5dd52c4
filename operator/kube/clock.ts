/** Time as an argument, so that every wait in this runtime can be tested without waiting. */
export interface Clock {
  /** Wall clock, milliseconds since the epoch. May jump; only for what people or other machines read. */
  now(): number;
  /** Milliseconds from an arbitrary start; never goes back and goes on while the process is stopped by SIGSTOP. */
  monotonic(): number;
  /** Calls `callback` once after `ms`; the returned function cancels it and may be called at any time. */
  setTimeout(callback: () => void, ms: number): Cancel;
}

export type Cancel = () => void;

/** setTimeout fires at once above 2^31 - 1 ms; no wait here is meant to be longer than that (24.8 days). */
const longestTimerMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout: (callback, ms) => {
    const timer = setTimeout(callback, Math.min(Math.max(0, ms), longestTimerMs));
    return () => clearTimeout(timer);
  },
};

/** Resolves after `ms`; rejects with the signal's reason when that comes first, leaving no timer behind. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason as Error);
      return;
    }
    const cancel = clock.setTimeout(() => {
      signal?.removeEventListener("abort", abandon);
      resolve();
    }, ms);
    const abandon = (): void => {
      cancel();
      reject(signal?.reason as Error);
    };
    signal?.addEventListener("abort", abandon, { once: true });
  });
}

/** The promise's outcome, or the signal's reason when that comes first; leaves no listener behind. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abandon = (): void => reject(signal.reason as Error);
    if (signal.aborted) {
      abandon();
      return;
    }
    signal.addEventListener("abort", abandon, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abandon));
  });
}

export interface ManualClock extends Clock {
  /** Moves time on, firing due timers in order; promise chains they start run before the next timer fires. */
  advance(ms: number): Promise<void>;
  /** Timers that have not fired: 0 after a clean stop. */
  pending(): number;
}

/** A clock that stands still until a test moves it. */
export function createManualClock(startMs = Date.UTC(2026, 0, 1)): ManualClock {
  let elapsed = 0;
  let sequence = 0;
  const timers = new Map<number, { readonly at: number; readonly callback: () => void }>();

  const earliest = (until: number): number | undefined => {
    let found: number | undefined;
    let foundAt = Number.POSITIVE_INFINITY;
    for (const [id, timer] of timers) {
      if (timer.at <= until && timer.at < foundAt) {
        found = id;
        foundAt = timer.at;
      }
    }
    return found;
  };

  return {
    now: () => startMs + elapsed,
    monotonic: () => elapsed,
    setTimeout: (callback, ms) => {
      const id = sequence++;
      timers.set(id, { at: elapsed + Math.max(0, ms), callback });
      return () => void timers.delete(id);
    },
    pending: () => timers.size,
    advance: async (ms) => {
      const until = elapsed + ms;
      await settle();
      for (let id = earliest(until); id !== undefined; id = earliest(until)) {
        const timer = timers.get(id);
        timers.delete(id);
        if (timer === undefined) continue;
        elapsed = timer.at;
        timer.callback();
        await settle();
      }
      elapsed = until;
    },
  };
}

/** setImmediate runs after every pending microtask, however long the chain. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
