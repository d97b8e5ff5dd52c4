import type { Clock } from "./clock.ts";
import type { QueueMetrics } from "./metrics.ts";

/** `user`: somebody changed something and waits. `resync`: start-up, periodic looks, changes made by ourselves. */
export type Priority = "user" | "resync";

export interface QueueOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly metrics: QueueMetrics;
}

/**
 * Deduplicating work queue with client-go's law: a key is with at most one worker; added while it is being worked
 * on, it is worked on once more afterwards; added many times while waiting, it is worked on once.
 */
export interface Queue {
  add(key: string, priority?: Priority): void;
  /** Adds after `ms`. Of several pending for one key the earliest counts; taking the key drops them. */
  addAfter(key: string, ms: number, priority?: Priority): void;
  /** Adds after the key's backoff (5 ms doubling to 60 s) and the bucket shared by all keys. */
  addWithBackoff(key: string, priority?: Priority): void;
  /** Resets the key's backoff: call after success. */
  forget(key: string): void;
  /** Next key, `user` first; undefined when the signal aborts. Every taken key must be given back by `done`. */
  take(signal: AbortSignal): Promise<{ readonly key: string; readonly priority: Priority } | undefined>;
  done(key: string): void;
  /** Keys that wait for a worker now, without delayed ones. */
  depth(): number;
  /** Drops waiting and delayed keys and their timers. */
  clear(): void;
}

export declare function createQueue(options: QueueOptions): Queue;
