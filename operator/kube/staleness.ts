import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";
import type { CachedIdentity } from "./reflector.ts";
import type { KubeObject, Resource } from "./resources.ts";

/** What the guard asks of a cache; a Reflector fits. */
export interface CacheView {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  lastResourceVersion(): string | undefined;
  identity(namespace: string | undefined, name: string): CachedIdentity | undefined;
}

/**
 * Read-your-own-writes for a controller (KEP-5647): remembers what was written for an owner until the caches show
 * it. A reconcile that starts earlier would decide on the past: create twice, count wrong, undo itself.
 */
/** How soon to look again while a write is unseen: a watch event usually takes a few milliseconds (Cluster API uses the same). */
export const staleRequeueMs = 100;

export interface Staleness {
  /** `written` is the answer of a create, patch or replace. */
  wrote(owner: string, resource: Resource, written: KubeObject): void;
  /** After an accepted delete of exactly this incarnation. */
  removed(owner: string, resource: Resource, namespace: string | undefined, name: string, uid: string): void;
  /** Writes of this owner that the caches have not seen, as `plural/namespace/name`; empty: go on. */
  unseen(owner: string): readonly string[];
  forget(owner: string): void;
}

export declare function createStaleness(
  views: readonly CacheView[],
  options: { readonly clock: Clock; readonly log: Log },
): Staleness;
