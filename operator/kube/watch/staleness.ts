import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { type KubeObject, type Resource, compareResourceVersions, keyOf } from "../transport/resources.ts";
import type { CachedIdentity } from "./store.ts";

/** What the guard asks of a cache; a Reflector fits. */
export interface CacheView {
  readonly resource: Resource;
  /** The one namespace that it watches, or every namespace when undefined. */
  readonly namespace: string | undefined;
  lastResourceVersion(): string | undefined;
  identity(namespace: string | undefined, name: string): CachedIdentity | undefined;
}

/**
 * Read-your-own-writes for a controller (KEP-5647): remembers what was written for an owner until the caches show
 * it. A reconcile that starts earlier would decide on the past: create twice, count wrong, undo itself.
 */
export interface Staleness {
  /** `written` is the answer of a create, patch or replace. Kinds that no cache watches are not remembered. */
  wrote(owner: string, resource: Resource, written: KubeObject): void;
  /** After an accepted delete of exactly this incarnation. */
  removed(owner: string, resource: Resource, namespace: string | undefined, name: string, uid: string): void;
  /** Writes of this owner that the caches have not seen, as `plural/namespace/name`; empty: go on. */
  unseen(owner: string): readonly string[];
  /** When the owner itself is gone. */
  forget(owner: string): void;
}

/** How soon to look again while a write is unseen: a watch event takes a few milliseconds (Cluster API waits as long). */
export const staleRequeueMs = 100;
/**
 * After this the guard steps aside and says so: a write that no event follows, e.g. to an object outside of the
 * cache's selector, must not hold its owner for ever. Longer than a silent watch takes to be noticed and replaced.
 */
export const longestStaleMs = 90_000;

type Expectation =
  | { readonly kind: "version"; readonly view: CacheView; readonly resourceVersion: string; readonly at: number }
  | { readonly kind: "gone"; readonly view: CacheView; readonly uid: string; readonly at: number };

/**
 * A version counts as seen when the cache as a whole has reached it (KEP-5504 orders the versions of one resource),
 * so an object that was changed and then deleted by somebody else does not hold its owner. Bounded by the objects
 * that one owner writes in {@link longestStaleMs}.
 */
export function createStaleness(
  views: readonly CacheView[],
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Staleness {
  const owners = new Map<string, Map<string, Expectation>>();

  const expect = (owner: string, object: string, expectation: Expectation): void => {
    const expectations = owners.get(owner);
    if (expectations === undefined) owners.set(owner, new Map([[object, expectation]]));
    else expectations.set(object, expectation);
  };
  const viewOf = (resource: Resource, namespace: string | undefined): CacheView | undefined =>
    views.find(
      (view) =>
        view.resource.plural === resource.plural &&
        view.resource.group === resource.group &&
        (view.namespace === undefined || view.namespace === namespace),
    );

  return {
    wrote: (owner, resource, { metadata: { namespace, name, resourceVersion } }) => {
      const view = viewOf(resource, namespace);
      if (view === undefined) return;
      const object = `${resource.plural}/${keyOf(namespace, name)}`;
      expect(owner, object, { kind: "version", view, resourceVersion, at: clock.monotonic() });
    },
    removed: (owner, resource, namespace, name, uid) => {
      const view = viewOf(resource, namespace);
      if (view === undefined) return;
      expect(owner, `${resource.plural}/${keyOf(namespace, name)}`, { kind: "gone", view, uid, at: clock.monotonic() });
    },
    unseen: (owner) => {
      const expectations = owners.get(owner);
      if (expectations === undefined) return [];
      for (const [object, expectation] of expectations) {
        if (isSeen(object, expectation)) {
          expectations.delete(object);
        } else if (clock.monotonic() - expectation.at > longestStaleMs) {
          log.warn({ owner, object }, "the cache has not shown our own write; going on without it");
          expectations.delete(object);
        }
      }
      if (expectations.size === 0) owners.delete(owner);
      return [...expectations.keys()];
    },
    forget: (owner) => void owners.delete(owner),
  };
}

function isSeen(object: string, expectation: Expectation): boolean {
  const { view } = expectation;
  const [, namespace, name] = partsOf(object);
  const cached = view.identity(namespace, name);
  if (expectation.kind === "gone") {
    return cached === undefined || cached.uid !== expectation.uid || cached.deleting;
  }
  return (
    isAtLeast(view.lastResourceVersion(), expectation.resourceVersion) ||
    isAtLeast(cached?.resourceVersion, expectation.resourceVersion)
  );
}

function isAtLeast(reached: string | undefined, wanted: string): boolean {
  const order = reached === undefined ? undefined : compareResourceVersions(reached, wanted);
  return order !== undefined && order >= 0;
}

function partsOf(object: string): readonly [plural: string, namespace: string | undefined, name: string] {
  const parts = object.split("/");
  const plural = parts[0] ?? "";
  return parts.length === 3 ? [plural, parts[1], parts[2] ?? ""] : [plural, undefined, parts[1] ?? ""];
}
