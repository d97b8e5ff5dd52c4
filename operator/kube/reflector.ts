import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import type { KubeObject, Resource } from "./resources.ts";
import type { Transport } from "./transport.ts";

export type Change<T> =
  | { readonly kind: "added"; readonly key: string; readonly now: T }
  | { readonly kind: "changed"; readonly key: string; readonly now: T; readonly before: T }
  | { readonly kind: "removed"; readonly key: string; readonly before: T };

export interface ReflectorOptions<T, Raw extends KubeObject = KubeObject> {
  readonly transport: Transport;
  readonly resource: Resource;
  /** One namespace; every namespace (or a cluster-scoped kind) when undefined. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** What the cache keeps of an object. Must not keep `raw` itself when memory matters. */
  readonly project: (raw: Raw) => T;
  /** Named secondary indexes: the values under which an object is found by {@link Reflector.indexed}. */
  readonly indexBy?: Readonly<Record<string, (value: T, key: string) => readonly string[]>>;
  /** Called after the cache has the change, in the order of the stream. What it throws is logged and counted. */
  readonly onChange?: (change: Change<T>) => void;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Identity of a cached object, kept beside its projection. */
export interface CachedIdentity {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly deleting: boolean;
}

/**
 * A copy of a collection of the API that follows it for ever: list, then watch, and again after whatever goes wrong,
 * until `stop`. Between synced() turning true and stop it holds a state that the collection had at some moment, never
 * an older one than before.
 */
export interface Reflector<T> {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  get(namespace: string | undefined, name: string): T | undefined;
  list(): readonly T[];
  indexed(index: string, value: string): readonly T[];
  identity(namespace: string | undefined, name: string): CachedIdentity | undefined;
  size(): number;
  /** True once the first list is in the cache. Stays true through reconnects. */
  synced(): boolean;
  /** Resolves when synced; rejects with the signal's reason. */
  whenSynced(signal?: AbortSignal): Promise<void>;
  /** Newest resourceVersion that the cache contains; undefined before the first list. */
  lastResourceVersion(): string | undefined;
  /** Milliseconds since a watch was last known to be alive; 0 while one is. */
  lagMs(): number;
  start(): void;
  /** No watch is opened and onChange is not called after this resolves. */
  stop(): Promise<void>;
}

export declare function createReflector<T, Raw extends KubeObject = KubeObject>(
  options: ReflectorOptions<T, Raw>,
): Reflector<T>;
