import { setTimeout as sleep } from "node:timers/promises";
import { type Failure, isFailure } from "./failure.ts";
import type { FetchLimits } from "./limits.ts";

export interface RetryOptions {
  readonly limits: FetchLimits;
  readonly signal: AbortSignal;
  /** Monotonic, in milliseconds. */
  readonly now: () => number;
  /** Told of every failure that is tried again. */
  readonly onRetry: (failure: Failure, delayMilliseconds: number) => void;
  /** Whether the attempt that just failed brought something; the row of vain attempts then starts anew. */
  readonly progressed?: () => boolean;
}

/**
 * Runs `attempt` until it succeeds, fails for good, failed once more than there are delays, or would go on beyond
 * `fruitlessMilliseconds` without ever having brought anything. A `Retry-After` of the other side lengthens a wait, up to a
 * bound.
 */
export async function withRetries<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { retryDelaysMilliseconds: delays, longestRetryAfterMilliseconds, fruitlessMilliseconds } = options.limits;
  const until = options.now() + fruitlessMilliseconds;
  let vain = 0;
  let fruitless = true;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!isFailure(error) || error.retry === undefined || options.signal.aborted) throw error;
      if (options.progressed?.() === true) {
        vain = 0;
        fruitless = false;
      }
      const delay = delays[vain];
      if (delay === undefined) throw error;
      vain += 1;
      const wait = Math.max(delay, Math.min(error.retry.afterMilliseconds ?? 0, longestRetryAfterMilliseconds));
      if (fruitless && options.now() + wait > until) throw error;
      options.onRetry(error, wait);
      await sleep(wait, undefined, { signal: options.signal });
    }
  }
}
