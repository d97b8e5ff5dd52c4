import { type Clock, unlessAborted } from "../clock.ts";
import { isConflict, isAlreadyExists, isNotFound } from "../transport/errors.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import { type Lease, claim, heldForMs, leases, waive } from "./lease-record.ts";
import { pathOf } from "../transport/resources.ts";
import type { Transport } from "../transport/transport.ts";

export interface ElectorOptions {
  /** Used directly, not through a Client: the lease is what a Client's permission to write comes from. */
  readonly transport: Transport;
  readonly namespace: string;
  readonly name: string;
  /** Unique to this process: pod name plus something random, as a pod's name survives a container's restart. */
  readonly identity: string;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
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

/** As every controller of Kubernetes itself. The 5 s between the first two is the margin for writes under way. */
const defaultTiming: LeaseTiming = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2_000 };

/** One writer among several processes by a coordination.k8s.io/v1 Lease. */
export interface Elector {
  start(): void;
  /** Whether a write may be sent now. Decided on the local monotonic clock alone, so it is right without network. */
  isLeader(): boolean;
  /** Gives the lease back, so that another process takes over at once; bounded by {@link releaseTimeoutMs}. */
  stop(): Promise<void>;
}

/** Giving back is a courtesy: without it the others wait for the lease to run out. */
const releaseTimeoutMs = 2_000;

/**
 * Safety: a process writes only while less than renewDeadline has passed since it *began* its last successful
 * renewal; another one takes the lease only after it has *seen* no renewal for leaseDuration by its own clock. The
 * second moment is later than the first whatever the wall clocks say and however long either process was stopped.
 *
 * A follower watches the Lease, so that it learns of a release at once; the watch is a convenience, time decides.
 */
export function createElector(options: ElectorOptions): Elector {
  const { clock, identity, log, metrics, name, namespace, random, transport } = options;
  const { leaseDurationMs, renewDeadlineMs, retryPeriodMs } = options.timing ?? defaultTiming;
  const path = pathOf(leases, namespace, name);
  const stopped = new AbortController();
  let running: Promise<void> | undefined;
  let attempted = false; // the server may hold our name even when no answer has said so
  let renewedAt: number | undefined; // start of the last successful renewal while we hold the lease
  let known: Lease | undefined; // as last seen; its resourceVersion guards the next write
  let changedAt = clock.monotonic(); // when its holder was last seen to be alive
  let wake: (() => void) | undefined;

  const isLeader = (): boolean => renewedAt !== undefined && clock.monotonic() - renewedAt < renewDeadlineMs;

  const observe = (seen: Lease): void => {
    const changed =
      seen.metadata.uid !== known?.metadata.uid ||
      seen.spec?.holderIdentity !== known.spec?.holderIdentity ||
      seen.spec?.renewTime !== known.spec?.renewTime;
    if (changed) changedAt = clock.monotonic();
    known = seen;
  };

  /** Milliseconds until the present holder's time is over; 0 when the lease is free, or ours. */
  const freeInMs = (): number => {
    const durationMs = known === undefined ? 0 : heldForMs(known, identity, leaseDurationMs);
    return Math.max(0, changedAt + durationMs - clock.monotonic());
  };

  /** Creates or replaces the Lease with ourselves as the holder. Throws a conflict when somebody was faster. */
  const write = async (timeoutMs: number): Promise<void> => {
    attempted = true;
    const startedAt = clock.monotonic();
    const body = claim({ namespace, name, identity, leaseDurationMs, now: clock.now() }, known);
    const target =
      known === undefined
        ? ({ method: "POST", path: pathOf(leases, namespace) } as const)
        : ({ method: "PUT", path } as const);
    const written = await transport.request<Lease>({ ...target, body, timeoutMs, signal: stopped.signal });
    observe(written);
    if (stopped.signal.aborted) return;
    renewedAt = startedAt;
  };

  const read = async (timeoutMs: number): Promise<void> => {
    try {
      observe(await transport.request<Lease>({ method: "GET", path, timeoutMs, signal: stopped.signal }));
    } catch (error) {
      if (!isNotFound(error)) throw error;
      known = undefined;
    }
  };

  /** Returns once we hold the lease, or stop. */
  const acquire = async (): Promise<void> => {
    const watch = createLeaseWatch();
    try {
      while (!stopped.signal.aborted) {
        try {
          await read(retryPeriodMs);
          if (freeInMs() === 0) {
            await write(retryPeriodMs);
            return;
          }
        } catch (error) {
          if (stopped.signal.aborted) return;
          if (!isConflict(error) && !isAlreadyExists(error)) {
            log.warn({ err: error, lease: path }, "the lease could not be read or taken; trying again");
          }
        }
        watch.ensure();
        const pauseMs = watch.isOpen() ? Math.max(freeInMs(), retryPeriodMs) : retryPeriodMs;
        await pause(pauseMs + (random() * retryPeriodMs) / 2); // candidates that wait together do not write together
      }
    } finally {
      watch.close();
    }
  };

  /** Returns once the lease is lost, or stop. */
  const keep = async (): Promise<void> => {
    while (!stopped.signal.aborted && isLeader()) {
      await pause(retryPeriodMs);
      while (!stopped.signal.aborted && isLeader()) {
        const remainingMs = renewDeadlineMs - (clock.monotonic() - (renewedAt ?? 0));
        try {
          await write(Math.min(remainingMs, renewDeadlineMs / 2));
          break;
        } catch (error) {
          if (stopped.signal.aborted) return;
          if (isConflict(error) || isAlreadyExists(error) || isNotFound(error)) {
            await read(Math.max(1, remainingMs)).catch(() => undefined); // the next turn tells
            if (known !== undefined && known.spec?.holderIdentity !== identity) return;
          } else {
            log.warn({ err: error, lease: path, remainingMs }, "the lease could not be renewed; trying again");
          }
          await pause(Math.min(renewRetryMs, retryPeriodMs));
        }
      }
    }
  };

  const run = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      await acquire();
      if (!isLeader() || stopped.signal.aborted) continue;
      log.info({ lease: path, identity }, "elected: this process writes from now on");
      metrics.leader(name, true);
      options.onElected();
      await keep();
      metrics.leader(name, false);
      if (stopped.signal.aborted) return;
      renewedAt = undefined;
      log.error({ lease: path, identity, holder: known?.spec?.holderIdentity }, "the lease is lost: no more writes");
      options.onLost();
    }
  };

  const pause = async (ms: number): Promise<void> => {
    const woken = Promise.withResolvers<void>();
    const cancel = clock.setTimeout(woken.resolve, ms);
    wake = woken.resolve;
    await unlessAborted(woken.promise, stopped.signal).catch(() => undefined);
    wake = undefined;
    cancel();
  };

  /** Tells a follower what the holder does as it happens. Ended and broken watches are opened again by `ensure`. */
  const createLeaseWatch = (): { ensure(): void; isOpen(): boolean; close(): void } => {
    const closed = new AbortController();
    let open = false;
    let following = false;
    const follow = async (): Promise<void> => {
      const query = {
        watch: true,
        fieldSelector: `metadata.name=${name}`,
        resourceVersion: known?.metadata.resourceVersion,
        timeoutSeconds: watchSeconds,
      };
      // The holder renews every few seconds; a watch silent for the lease's duration is dead, or the holder is.
      const wanted = { path: pathOf(leases, namespace), query, idleMs: leaseDurationMs, signal: closed.signal };
      for await (const event of transport.watch(wanted, () => (open = true))) {
        if (event.type === "ADDED" || event.type === "MODIFIED") observe(event.object as Lease);
        else if (event.type === "DELETED") known = undefined;
        else return;
        if (freeInMs() === 0) wake?.();
      }
    };
    return {
      ensure: () => {
        if (following) return;
        following = true;
        follow()
          .catch((error: unknown) => {
            if (!closed.signal.aborted) log.debug({ err: error, lease: path }, "the watch of the lease ended");
          })
          .finally(() => {
            open = false;
            following = false;
          });
      },
      isOpen: () => open,
      close: () => closed.abort(),
    };
  };

  const release = async (): Promise<void> => {
    const signal = AbortSignal.timeout(releaseTimeoutMs);
    try {
      const held = await transport.request<Lease>({ method: "GET", path, signal });
      if (held.spec?.holderIdentity !== identity) return;
      await transport.request({ method: "PUT", path, body: waive(held, clock.now()), signal });
      log.info({ lease: path, identity }, "the lease is given back");
    } catch (error) {
      log.warn({ err: error, lease: path }, "the lease could not be given back; it runs out by itself");
    }
  };

  return {
    isLeader,
    start: () => {
      if (stopped.signal.aborted) throw new Error("this elector was stopped; create another");
      running ??= run();
    },
    stop: async () => {
      renewedAt = undefined; // first of all: from here on nothing is written under this lease
      stopped.abort();
      await running;
      renewedAt = undefined;
      if (attempted) await release();
    },
  };
}

/** Between two tries to renew: several fit into what is left before the deadline. */
const renewRetryMs = 500;
/** The server ends the watch after so long and it is opened again; any time does, as it holds no state. */
const watchSeconds = 300;
