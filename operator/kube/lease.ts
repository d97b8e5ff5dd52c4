import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import type { Transport } from "./transport.ts";

export interface ElectorOptions {
  readonly transport: Transport;
  readonly namespace: string;
  readonly name: string;
  /** Unique to this process: pod name plus something random, as a pod's name survives a container restart. */
  readonly identity: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly onElected: () => void;
  /** Called once for each onElected, when the lease is lost; not when stop() gives it back. */
  readonly onLost: () => void;
  readonly timing?: LeaseTiming;
}

export interface LeaseTiming {
  /** Others wait so long after the last renewal they saw. Whole seconds: the API stores seconds. */
  readonly leaseDurationMs: number;
  /** The holder stops writing so long after the start of its last successful renewal. Must be shorter. */
  readonly renewDeadlineMs: number;
  readonly retryPeriodMs: number;
}

/** One writer among several processes by a coordination.k8s.io/v1 Lease. */
export interface Elector {
  start(): void;
  /** Whether a write may be sent now. Decided on the local monotonic clock alone, so it is right without network. */
  isLeader(): boolean;
  /** Gives the lease back, so that another process takes over at once; bounded in time. */
  stop(): Promise<void>;
}

export declare function createElector(options: ElectorOptions): Elector;
