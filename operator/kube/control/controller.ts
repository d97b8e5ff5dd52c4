import type { Clock } from "../clock.ts";
import { LostLeaseError, type Reaction, TransportError, classify } from "../transport/errors.ts";
import type { Log } from "../log.ts";
import type { Metrics, ReconcileResult } from "../metrics.ts";
import type { Queue, Taken } from "./queue.ts";

/** `done`: wait for the next change. `after`: look again in `ms` even if nothing changes. */
export type Result = { readonly kind: "done" } | { readonly kind: "after"; readonly ms: number };

export interface ControllerOptions {
  readonly name: string;
  readonly queue: Queue;
  /** The signal aborts at {@link reconcileTimeoutMs} and when the controller stops; hand it to every request. */
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<Result>;
  /** No key is worked on before each of these is synced. */
  readonly caches: readonly { whenSynced(signal?: AbortSignal): Promise<void> }[];
  readonly workers?: number;
  /** Told of every failed pass after it was requeued, e.g. to write an Event. Must not throw. */
  readonly onError?: (key: string, error: unknown, reaction: Reaction) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface Controller {
  /** Begins to work on the queue; without effect while it runs. May be called again after stop. */
  start(): void;
  /** Takes no more keys, lets running passes finish for {@link drainMs}, then aborts them and waits for their end. */
  stop(): Promise<void>;
}

/** A pass is a handful of requests; one that takes longer than this waits for something that it should come back to. */
export const reconcileTimeoutMs = 60_000;
/** The lease is handed over within a second of SIGTERM, and this comes before it. */
export const drainMs = 400;
/** Passes wait for the network most of the time; four keep an API server's round trips busy without crowding it. */
const defaultWorkers = 4;
/** A wait up to this long continues the work that was begun, at its priority; a longer one is a later look. */
const sameWorkMs = 1_000;

export function createController(options: ControllerOptions): Controller {
  const { clock, log, metrics, name, queue } = options;
  let run: Run | undefined;
  let active = 0;

  const settle = ({ key, priority }: Taken, result: Result): ReconcileResult => {
    queue.forget(key);
    if (result.kind === "done") return "success";
    queue.addAfter(key, result.ms, result.ms <= sameWorkMs ? priority : "resync");
    return "requeue_after";
  };

  const react = ({ key, priority }: Taken, error: unknown): ReconcileResult => {
    const reaction = classify(error);
    const fields = { err: error, controller: name, key };
    if (reaction.kind === "retry") {
      queue.addWithBackoff(key, priority);
      log.warn(fields, "reconcile failed; trying again with backoff");
    } else {
      queue.addAfter(key, reaction.afterMs, priority);
      if (error instanceof LostLeaseError) log.info(fields, "reconcile ended: the lease is with another process");
      else if (reaction.kind === "wait")
        log.info({ ...fields, afterMs: reaction.afterMs }, "reconcile is told to wait");
      else log.error({ ...fields, afterMs: reaction.afterMs }, "reconcile cannot succeed until something is changed");
    }
    options.onError?.(key, error, reaction);
    return reaction.kind === "stall" ? "stalled" : "error";
  };

  const pass = async (taken: Taken, current: Run): Promise<void> => {
    const abort = new AbortController();
    const cancelTimeout = clock.setTimeout(() => {
      abort.abort(new TransportError("Timeout", `reconcile of ${taken.key} took longer than ${reconcileTimeoutMs} ms`));
    }, reconcileTimeoutMs);
    current.passes.add(abort);
    metrics.activeWorkers(name, ++active);
    const startedAt = clock.monotonic();
    let result: ReconcileResult;
    try {
      result = settle(taken, await options.reconcile(taken.key, abort.signal));
    } catch (error) {
      if (current.aborting) {
        queue.add(taken.key, taken.priority); // not this key's fault; whoever works next begins with it
        return;
      }
      result = react(taken, error);
    } finally {
      cancelTimeout();
      current.passes.delete(abort);
      metrics.activeWorkers(name, --active);
    }
    metrics.reconciled(name, result, (clock.monotonic() - startedAt) / 1000);
  };

  const work = async (current: Run): Promise<void> => {
    for (;;) {
      const taken = await queue.take(current.stopped.signal);
      if (taken === undefined) return;
      try {
        await pass(taken, current);
      } catch (error) {
        // Only onError can bring us here; a worker must outlive it.
        log.error({ err: error, controller: name, key: taken.key }, "the error handler of the controller threw");
      } finally {
        queue.done(taken.key);
      }
    }
  };

  const begin = async (current: Run): Promise<void> => {
    const { signal } = current.stopped;
    try {
      await Promise.all(options.caches.map((cache) => cache.whenSynced(signal)));
    } catch (error) {
      if (!signal.aborted)
        log.error({ err: error, controller: name }, "a cache ended before it was synced; not started");
      return;
    }
    await Promise.all(Array.from({ length: options.workers ?? defaultWorkers }, () => work(current)));
  };

  return {
    start: () => {
      if (run !== undefined) return;
      const current: Run = { stopped: new AbortController(), passes: new Set(), aborting: false, ended: undefined };
      current.ended = begin(current);
      run = current;
    },
    stop: async () => {
      const current = run;
      if (current === undefined) return;
      current.stopped.abort();
      const cancel = clock.setTimeout(() => {
        current.aborting = true;
        for (const abort of current.passes) abort.abort(new TransportError("Closed", "the controller is stopping"));
      }, drainMs);
      await current.ended;
      cancel();
      if (run === current) run = undefined;
    },
  };
}

interface Run {
  readonly stopped: AbortController;
  readonly passes: Set<AbortController>;
  aborting: boolean;
  ended: Promise<void> | undefined;
}
