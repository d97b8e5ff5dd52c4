import type { Client } from "./client.ts";
import type { Cancel, Clock } from "./clock.ts";
import { isNotFound } from "./errors.ts";
import { microTime } from "./leaserecord.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import { createRecent } from "./recent.ts";
import type { Resource } from "./resources.ts";

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
  /** For people: what happened and what to do. Cut at {@link longestNote}. */
  readonly message: string;
  /** CamelCase verb: what the controller was doing. `reason` when left out. */
  readonly action?: string;
}

export interface EventRecorderOptions {
  readonly client: Client;
  /** E.g. `slipway.dev/operator`. */
  readonly controller: string;
  /** E.g. the pod's name. */
  readonly instance: string;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface EventRecorder {
  /** Fire and forget: never throws, never waits. Repeats of the same event are counted in one object. */
  record(subject: EventSubject, content: EventContent): void;
  /** Writes outstanding counts and waits for what is in flight, {@link stopMs} at most. */
  stop(): Promise<void>;
}

const events: Resource = { group: "events.k8s.io", version: "v1", plural: "events", kind: "Event" };

/** The API's bound on `note` is 1024 bytes. */
const longestNote = 1024;
/** A repeat later than this is a new event: kube-apiserver forgets events after an hour, and client-go ends series so. */
const seriesMs = 360_000;
/** Repeats are collected for so long before the count is written: a person watching does not miss anything. */
const flushMs = 10_000;
/** Per subject, as client-go's spam filter: a burst for a rollout's steps, then one in 5 minutes. */
const burst = 25;
const refillMs = 300_000;
/** Series and buckets kept in memory; the one that was idle longest makes room. Some 500 bytes each. */
const longestMemory = 4_096;
/** Writes under way; beyond this the API is too slow for events, which are the first thing to give up. */
const maxInFlight = 32;

/** The lease is handed over within a second of SIGTERM, and this comes before it. */
export const stopMs = 300;

interface Series {
  /** Resolves with the Event's name once it exists; undefined when it could not be written. */
  name: Promise<string | undefined>;
  namespace: string;
  count: number;
  written: number;
  lastAt: number;
}

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { client, clock, controller, log, metrics } = options;
  const fieldManager = controller.replaceAll("/", "-");
  const series = createRecent<Series>(longestMemory);
  const buckets = createRecent<{ tokens: number; at: number }>(longestMemory);
  const inFlight = new Set<Promise<unknown>>();
  let cancelFlush: Cancel | undefined;
  let stopping = false;

  const lost = (reason: "rate" | "memory" | "error"): void => metrics.eventLost(reason);

  const mayWrite = (uid: string): boolean => {
    const now = clock.monotonic();
    const bucket = buckets.get(uid) ?? { tokens: burst, at: now };
    bucket.tokens = Math.min(burst, bucket.tokens + (now - bucket.at) / refillMs);
    bucket.at = now;
    buckets.set(uid, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  };

  /** Keeps account of work under way, so that stop can wait for it. */
  const background = (work: Promise<unknown>): void => {
    inFlight.add(work);
    void work.finally(() => inFlight.delete(work));
  };

  /** The failure of a write is logged and counted, never thrown. */
  const settled = async <T>(write: Promise<T>, about: object): Promise<T | undefined> => {
    try {
      return await write;
    } catch (error) {
      lost("error");
      log.warn({ err: error, ...about }, "an Event could not be written");
      return undefined;
    }
  };

  const create = async (subject: EventSubject, content: EventContent): Promise<string | undefined> => {
    const name = `${subject.name.slice(0, 200)}.${suffix(options.random, clock)}`;
    const event = {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { name, namespace: subject.namespace },
      eventTime: microTime(clock.now()),
      reportingController: controller,
      reportingInstance: options.instance.slice(0, 128),
      action: content.action ?? content.reason,
      reason: content.reason,
      type: content.type,
      note: content.message,
      regarding: subject,
    };
    const written = await settled(client.create(events, event, { fieldManager }), { subject, reason: content.reason });
    return written === undefined ? undefined : name;
  };

  /** What could not be written is forgotten, so that its next repeat tries again. */
  const forgetUnless = async (name: Promise<string | undefined>, key: string, begun: Series): Promise<void> => {
    if ((await name) === undefined && series.get(key) === begun) series.delete(key);
  };

  const update = async (key: string, known: Series): Promise<void> => {
    const count = known.count;
    const lastObservedTime = microTime(clock.now() - (clock.monotonic() - known.lastAt));
    known.written = count;
    const name = await known.name;
    if (name === undefined) return;
    const patch = client.patch(
      events,
      known.namespace,
      name,
      { series: { count, lastObservedTime } },
      {
        type: "merge",
        fieldManager,
      },
    );
    // Deleted meanwhile: the next repeat begins a new one.
    const forget = patch.catch((error: unknown) => {
      series.delete(key);
      if (!isNotFound(error)) throw error;
    });
    await settled(forget, { event: name });
  };

  const flush = (): void => {
    cancelFlush = undefined;
    for (const [key, known] of series.entries()) {
      if (known.count > known.written && inFlight.size < maxInFlight) background(update(key, known));
    }
    for (const [, known] of series.entries()) {
      if (known.count > known.written) scheduleFlush();
    }
  };
  const scheduleFlush = (): void => {
    if (!stopping) cancelFlush ??= clock.setTimeout(flush, flushMs);
  };

  return {
    record: (subject, given) => {
      if (stopping) return;
      const content = { ...given, message: cut(given.message) };
      const key = [subject.uid, content.type, content.reason, content.action, content.message].join("\n");
      const now = clock.monotonic();
      const known = series.get(key);
      if (known !== undefined && now - known.lastAt <= seriesMs) {
        known.count += 1;
        known.lastAt = now;
        scheduleFlush();
        return;
      }
      if (!mayWrite(subject.uid)) {
        lost("rate");
        return;
      }
      if (inFlight.size >= maxInFlight) {
        lost("memory");
        return;
      }
      const name = create(subject, content);
      const begun: Series = { name, namespace: subject.namespace, count: 1, written: 1, lastAt: now };
      series.set(key, begun);
      background(forgetUnless(name, key, begun));
    },
    stop: async () => {
      stopping = true;
      cancelFlush?.();
      flush();
      const late = Promise.withResolvers<void>();
      const cancel = clock.setTimeout(late.resolve, stopMs);
      await Promise.race([Promise.allSettled(inFlight), late.promise]);
      cancel();
    },
  };
}

/** A name that another process does not choose at the same time: the time, and 32 random bits. */
function suffix(random: () => number, clock: Clock): string {
  return (
    clock.now().toString(16) +
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, "0")
  );
}

function cut(message: string): string {
  const bytes = Buffer.from(message);
  if (bytes.length <= longestNote) return message;
  // A character that the cut halves decodes to U+FFFD, which may take more room than it had.
  return `${bytes
    .subarray(0, longestNote - 8)
    .toString("utf8")
    .replace(/\uFFFD$/, "")}…`;
}
