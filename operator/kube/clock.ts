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
