import type { Clock } from "./clock.ts";
import type { Reaction } from "./errors.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import type { Queue } from "./queue.ts";

/** `done`: wait for the next change. `after`: look again in `ms` even if nothing changes. */
export type Result = { readonly kind: "done" } | { readonly kind: "after"; readonly ms: number };

export interface ControllerOptions {
  readonly name: string;
  readonly queue: Queue;
  /** The signal aborts at the time limit of one reconcile and when the controller stops. */
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<Result>;
  /** No key is worked on before each of these is synced. */
  readonly caches: readonly { whenSynced(signal?: AbortSignal): Promise<void> }[];
  readonly workers?: number;
  /** Told of every failed pass after it was logged and requeued, e.g. to write an Event. */
  readonly onError?: (key: string, error: unknown, reaction: Reaction) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface Controller {
  /** May be called again after stop. */
  start(): void;
  /** Lets running reconciles finish within a bound, then aborts them. */
  stop(): Promise<void>;
}

export declare function createController(options: ControllerOptions): Controller;
