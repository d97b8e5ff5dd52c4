import type { Registry } from "prom-client";
import type { Log } from "./log.ts";

export interface WatchedCache {
  readonly name: string;
  synced(): boolean;
  lagMs(): number;
}

export interface HealthServerOptions {
  readonly host: string;
  readonly port: number;
  readonly caches: readonly WatchedCache[];
  readonly registry: Registry;
  readonly log: Log;
}

/** `/healthz`: the process answers. `/readyz`: caches synced and watches alive. `/metrics`: Prometheus text. */
export interface HealthServer {
  /** Resolves with the bound port. */
  start(): Promise<number>;
  stop(): Promise<void>;
}

export declare function createHealthServer(options: HealthServerOptions): HealthServer;
