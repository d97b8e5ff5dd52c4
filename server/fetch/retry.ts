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
  /** When the fetch began, by `now`, as long as no byte of the model has come; undefined from then on. */
  readonly fruitlessSince: () => number | undefined;
  /** Whether the attempt that just failed brought something; the row of vain attempts then starts anew. */
  readonly progressed?: () => boolean;
}

/**
 * Runs `attempt` until it succeeds, fails for good, failed once more than there are delays, or would go on beyond
 * `fruitlessMilliseconds` of a fetch that has brought nothing yet. A `Retry-After` of the other side lengthens a wait, up to
 * a bound.
 */
export async function withRetries<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { limits } = options;
  let vain = 0;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!isFailure(error) || error.retry === undefined || options.signal.aborted) throw error;
      if (options.progressed?.() === true) vain = 0;
      const delay = limits.retryDelaysMilliseconds[vain];
      if (delay === undefined) throw error;
      vain += 1;
      const since = options.fruitlessSince();
      const passed = since === undefined ? undefined : options.now() - since;
      const wait = nextWait(delay, error.retry.afterMilliseconds ?? 0, passed, limits);
      if (wait === undefined) throw error;
      options.onRetry(error, wait);
      await sleep(wait, undefined, { signal: options.signal });
    }
  }
}

/**
 * How long to wait for the next attempt; undefined when there is to be none. `passed`: of a fetch that has brought
 * nothing; undefined for one that has.
 *
 *   fetch has brought    asked for            wait
 *   -----------------    ---------            ----
 *   something            any                  the longer of `delay` and what is asked for, up to its bound
 *   nothing              no more than delay   `delay`, where it ends within `fruitlessMilliseconds`
 *   nothing              more                 the same as for something, cut at `fruitlessWaitMilliseconds`, where that
 *                                             leaves no less than `delay`
 */
function nextWait(
  delay: number,
  asked: number,
  passed: number | undefined,
  { longestRetryAfterMilliseconds, fruitlessMilliseconds, fruitlessWaitMilliseconds }: FetchLimits,
): number | undefined {
  const wait = Math.max(delay, Math.min(asked, longestRetryAfterMilliseconds));
  if (passed === undefined) return wait;
  const left = (wait > delay ? fruitlessWaitMilliseconds : fruitlessMilliseconds) - passed;
  return left < delay ? undefined : Math.min(wait, left);
}
