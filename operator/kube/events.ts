import type { Client } from "./client.ts";
import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";

export interface EventSubject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface EventContent {
  readonly type: "Normal" | "Warning";
  /** CamelCase, stable: what a user filters by. */
  readonly reason: string;
  /** For people; what happened and what to do. Cut at 1 KiB, the API's bound. */
  readonly message: string;
  /** CamelCase verb: what the controller was doing. `reason` when left out. */
  readonly action?: string;
}

export interface EventRecorderOptions {
  readonly client: Client;
  /** E.g. `slipway.dev/operator`. */
  readonly controller: string;
  /** E.g. the pod name. */
  readonly instance: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface EventRecorder {
  /** Fire and forget: never throws, never waits. Repeats of the same event are counted in one object. */
  record(subject: EventSubject, content: EventContent): void;
  /** Writes outstanding counts and waits for what is in flight; bounded in time. */
  stop(): Promise<void>;
}

export declare function createEventRecorder(options: EventRecorderOptions): EventRecorder;
