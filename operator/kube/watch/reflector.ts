import { createBackoff } from "../control/backoff.ts";
import { type Clock, sleep, unlessAborted } from "../clock.ts";
import { ApiError, TransportError, mustListAgain } from "../transport/errors.ts";
import { listPages } from "./list.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import { type KubeObject, type Resource, keyOf, pathOf } from "../transport/resources.ts";
import { apiErrorOfEvent } from "../transport/status.ts";
import { type CachedIdentity, type Change, type IndexFunction, createStore } from "./store.ts";
import type { Transport, WatchEvent } from "../transport/transport.ts";
import type { Turn } from "../control/turn.ts";

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
  readonly indexBy?: Readonly<Record<string, IndexFunction<T>>>;
  /** Called after the cache has the change, in the order of the stream. What it throws is logged and counted. */
  readonly onChange?: (change: Change<T>) => void;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Shared with others, so that one page at a time is in memory. */
  readonly listTurn?: Turn;
  /** How long a watch may be silent; {@link defaultIdleMs} when left out. */
  readonly idleMs?: number;
}

/**
 * A copy of a collection of the API that follows it for ever: list, then watch, and again after whatever goes wrong,
 * until `stop`. From synced() on it holds a state that the collection had at some moment.
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
  /** Resolves when synced; rejects when the reflector is stopped before, or with the signal's reason. */
  whenSynced(signal?: AbortSignal): Promise<void>;
  /** Newest resourceVersion that the cache is known to contain; undefined before the first list. */
  lastResourceVersion(): string | undefined;
  /** 0 while a watch is open; else milliseconds since the last sign of life from the server. */
  lagMs(): number;
  /** Once in the life of a reflector. */
  start(): void;
  /** No watch is opened and onChange is not called after this resolves. */
  stop(): Promise<void>;
}

/**
 * A silent watch is seen after so long. The server's bookmarks come once in 60-75 s and not at all when nothing
 * changes, too rarely to tell a quiet kind from a dead connection. So after a silence the next watches are short: the
 * server's regular end of one proves the connection, and the bookmark that it sends two seconds before keeps the
 * resourceVersion young, at the price of a request every half minute. With the first event watches are long again.
 */
export const defaultIdleMs = 40_000;
const shortWatchSeconds = 30;
/** Spread over five minutes, so that the watches of many clients do not end together. */
const longWatchSeconds = { least: 300, most: 600 };
/** A cut watch is back well within a second, and a server that was away is noticed within five. */
const shortestPauseMs = 50;
const longestPauseMs = 3_000;
/** A watch that lived this long was a good one: the next pause is the shortest again. Two tries a second at the worst. */
const goodWatchMs = 500;

export function createReflector<T, Raw extends KubeObject = KubeObject>(
  options: ReflectorOptions<T, Raw>,
): Reflector<T> {
  const { clock, log, metrics, namespace, random, resource, transport } = options;
  const path = pathOf(resource, namespace);
  const idleMs = options.idleMs ?? defaultIdleMs;
  const stopped = new AbortController();
  const backoff = createBackoff({ shortestMs: shortestPauseMs, longestMs: longestPauseMs, random });
  const firstList = Promise.withResolvers<void>();
  firstList.promise.catch(() => undefined); // nobody needs to wait for it
  let running: Promise<void> | undefined;
  let synced = false;
  let resourceVersion: string | undefined; // of the cache
  let listNext = true; // the next step is a list, not a watch
  let open = false;
  let aliveAt = clock.monotonic();
  let followed = false; // a watch since the last list was a good one
  let quiet = false; // the last watch fell silent

  const defect = (key: string, error: unknown): void => {
    metrics.watch(resource.plural, "handler_error");
    log.error({ err: error, resource: resource.plural, key }, "a change could not be handled; going on with the next");
  };
  const store = createStore<T>({
    project: options.project as unknown as (raw: KubeObject) => T,
    indexBy: options.indexBy ?? {},
    onDefect: defect,
    onChange: (change) => {
      try {
        options.onChange?.(change);
      } catch (error) {
        defect(change.key, error);
      }
    },
  });

  const list = async (): Promise<void> => {
    metrics.watch(resource.plural, "list");
    const replacement = store.replacement();
    let version = "";
    const listing = { ...options, turn: options.listTurn, signal: stopped.signal };
    for await (const page of listPages<KubeObject>(transport, resource, listing)) {
      for (const object of page.items) replacement.take(checked(object, "ADDED", path));
      version = page.resourceVersion;
    }
    if (stopped.signal.aborted) return;
    replacement.commit();
    resourceVersion = version;
    aliveAt = clock.monotonic();
    listNext = false;
    followed = false;
    synced = true;
    firstList.resolve();
  };

  const handle = (event: WatchEvent): void => {
    aliveAt = clock.monotonic();
    if (event.type === "ERROR") throw apiErrorOfEvent(event.object, path);
    const object = checked(event.object, event.type, path);
    if (event.type === "BOOKMARK") {
      metrics.watch(resource.plural, "bookmark");
    } else {
      metrics.watch(resource.plural, "event");
      quiet = false;
      if (event.type === "DELETED") store.remove(object);
      else store.put(object);
    }
    // Last, so that whoever sees this version finds the change in the cache.
    resourceVersion = object.metadata.resourceVersion;
  };

  const watch = async (): Promise<void> => {
    metrics.watch(resource.plural, "watch");
    const { least, most } = longWatchSeconds;
    const timeoutSeconds = quiet ? shortWatchSeconds : Math.round(least + random() * (most - least));
    const query = {
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion,
      timeoutSeconds,
      labelSelector: options.labelSelector,
      fieldSelector: options.fieldSelector,
    };
    const startedAt = clock.monotonic();
    try {
      const events = transport.watch({ path, query, idleMs, signal: stopped.signal }, () => {
        open = true;
        aliveAt = clock.monotonic();
      });
      for await (const event of events) {
        if (stopped.signal.aborted) return;
        handle(event);
      }
      aliveAt = clock.monotonic();
    } finally {
      open = false;
      if (clock.monotonic() - startedAt >= goodWatchMs) {
        followed = true;
        backoff.reset();
      }
    }
  };

  /** What went wrong decides where to go on; the pause before it is the loop's business. */
  const recover = (error: unknown): number => {
    metrics.watch(resource.plural, "error");
    const what = { err: error, resource: resource.plural, namespace };
    if (error instanceof TransportError && error.code === "Timeout" && !listNext) {
      if (quiet) log.warn(what, "a watch was silent although the server should have ended it; opening another");
      else log.debug(what, "a watch is silent; opening a short one to see whether the server is there");
      quiet = true;
      return 0;
    }
    if (!listNext && mustListAgain(error)) {
      log.info(what, "the watch cannot go on from where it was; listing again");
      listNext = true;
      if (followed) return 0; // lost now and then, as after an API server's restart; not straight after each list
    } else {
      log.warn(what, listNext ? "listing failed; trying again" : "a watch broke; opening another");
    }
    const askedMs = error instanceof ApiError ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
    return Math.max(backoff.next(), askedMs);
  };

  const run = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      let pauseMs = 0;
      const startedAt = clock.monotonic();
      try {
        if (listNext) {
          await list();
        } else {
          await watch();
          // A server that ends every watch at once must not be asked in a tight loop.
          if (clock.monotonic() - startedAt < goodWatchMs) pauseMs = backoff.next();
        }
      } catch (error) {
        if (stopped.signal.aborted) return;
        pauseMs = recover(error);
      }
      if (pauseMs > 0) await sleep(clock, pauseMs, stopped.signal).catch(() => undefined);
    }
  };

  const lagMs = (): number => (open ? 0 : clock.monotonic() - aliveAt);
  metrics.watchLag(resource.plural, lagMs);

  return {
    resource,
    namespace,
    get: (objectNamespace, name) => store.get(keyOf(objectNamespace, name))?.value,
    list: () => store.values(),
    indexed: (index, value) => store.indexed(index, value),
    identity: (objectNamespace, name) => store.get(keyOf(objectNamespace, name)),
    size: () => store.size(),
    synced: () => synced,
    whenSynced: (signal) => (signal === undefined ? firstList.promise : unlessAborted(firstList.promise, signal)),
    lastResourceVersion: () => resourceVersion,
    lagMs,
    start: () => {
      if (stopped.signal.aborted) throw new Error(`the reflector of ${path} was stopped; create another`);
      running ??= run();
    },
    stop: async () => {
      const reason = new TransportError("Closed", `the reflector of ${path} was stopped`);
      stopped.abort(reason);
      firstList.reject(reason);
      await running;
    },
  };
}

/** Everything that the cache relies on; JSON from the outside is checked once, here. A bookmark has no name. */
function checked(value: unknown, type: WatchEvent["type"], path: string): KubeObject {
  const metadata = (value as Partial<KubeObject> | null | undefined)?.metadata;
  const identified = type === "BOOKMARK" || (typeof metadata?.name === "string" && typeof metadata.uid === "string");
  if (typeof metadata?.resourceVersion !== "string" || !identified) {
    throw new TransportError("NotAnObject", `${path}: received something without name, uid or resourceVersion`);
  }
  return value as KubeObject;
}
