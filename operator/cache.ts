import type { Reflector } from "./kube/watch/reflector.ts";

/** What a reader needs of a reflector: one of the whole cluster, or several of one namespace each that look like one. */
export type Cache<T> = Pick<
  Reflector<T>,
  "get" | "list" | "indexed" | "synced" | "whenSynced" | "lagMs" | "start" | "stop"
>;

/** Several reflectors of one kind, each of its own namespace, as one cache. */
export function joinCaches<T>(reflectors: readonly Reflector<T>[]): Cache<T> {
  const [only, ...others] = reflectors;
  if (only !== undefined && others.length === 0) return only;
  return {
    get: (namespace, name) => reflectors.find((reflector) => reflector.namespace === namespace)?.get(namespace, name),
    list: () => reflectors.flatMap((reflector) => reflector.list()),
    indexed: (index, value) => reflectors.flatMap((reflector) => reflector.indexed(index, value)),
    synced: () => reflectors.every((reflector) => reflector.synced()),
    whenSynced: async (signal) => {
      await Promise.all(reflectors.map((reflector) => reflector.whenSynced(signal)));
    },
    lagMs: () => Math.max(...reflectors.map((reflector) => reflector.lagMs())),
    start: () => {
      for (const reflector of reflectors) reflector.start();
    },
    stop: async () => {
      await Promise.all(reflectors.map((reflector) => reflector.stop()));
    },
  };
}
