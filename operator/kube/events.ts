import type { Client } from "./transport/client.ts";
import type { Cancel, Clock } from "./clock.ts";
import { LostLeaseError, classify, isAlreadyExists, isNotFound } from "./transport/errors.ts";
import { microTime } from "./control/lease-record.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import { createRecent } from "./recent.ts";
import type { Resource } from "./transport/resources.ts";

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
/** Series and buckets kept in memory; the one that was idle longest makes room. 2.5 KB each at the worst. */
const longestMemory = 2_048;
/** Writes under way; beyond this the API is too slow for events, which are the first thing to give up. */
const maxInFlight = 32;
/** Tries of one write, a flush apart; then the event is forgotten and its next repeat begins anew. */
const maxTries = 3;

/** The lease is handed over within a second of SIGTERM, and this comes before it. */
export const stopMs = 300;

interface Series {
  readonly subject: EventSubject;
  readonly content: EventContent;
  readonly name: string;
  readonly firstAt: number;
  lastAt: number;
  count: number;
  /** Count that the server has; 0 before the Event exists. */
  written: number;
  tries: number;
  writing: boolean;
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

  const wallTime = (monotonicMs: number): string => microTime(clock.now() - (clock.monotonic() - monotonicMs));

  const create = async ({ subject, content, name, firstAt }: Series): Promise<void> => {
    const event = {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { name, namespace: subject.namespace },
      eventTime: wallTime(firstAt),
      reportingController: controller,
      reportingInstance: options.instance.slice(0, 128),
      action: content.action ?? content.reason,
      reason: content.reason,
      type: content.type,
      note: content.message,
      regarding: subject,
    };
    try {
      await client.create(events, event, { fieldManager });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error; // else: an earlier try was done and only its answer was lost
    }
  };

  const writeCount = async ({ subject, name, lastAt }: Series, count: number): Promise<void> => {
    const body = { series: { count, lastObservedTime: wallTime(lastAt) } };
    await client.patch(events, subject.namespace, name, body, { type: "merge", fieldManager });
  };

  /** Brings the server up to date with one series. Its failure is logged and counted, never thrown. */
  const write = async (key: string, known: Series): Promise<void> => {
    const count = known.written === 0 ? 1 : known.count;
    known.writing = true;
    try {
      await (known.written === 0 ? create(known) : writeCount(known, count));
      known.written = count;
      known.tries = 0;
    } catch (error) {
      known.tries += 1;
      // Deleted, older than the server keeps events, or in a namespace that is not there.
      const gone = isNotFound(error);
      if (gone || known.tries >= maxTries || classify(error).kind === "stall" || error instanceof LostLeaseError) {
        series.delete(key);
      }
      if (!gone || known.written === 0) {
        lost("error");
        log.warn({ err: error, event: known.name, reason: known.content.reason }, "an Event could not be written");
      }
    } finally {
      known.writing = false;
      if (series.get(key) === known && known.count > known.written) scheduleFlush();
    }
  };

  const begin = (key: string, known: Series): void => {
    const work = write(key, known);
    inFlight.add(work);
    void work.finally(() => inFlight.delete(work));
  };

  const flush = (): void => {
    cancelFlush = undefined;
    for (const [key, known] of Array.from(series.entries())) {
      if (known.count <= known.written || known.writing) continue;
      if (inFlight.size < maxInFlight) begin(key, known);
      else scheduleFlush();
    }
  };
  const scheduleFlush = (): void => {
    if (!stopping) cancelFlush ??= clock.setTimeout(flush, flushMs);
  };

  /** Twice: a series whose Event is being created can be counted only afterwards. */
  const drain = async (): Promise<void> => {
    for (let round = 0; round < 2; round++) {
      flush();
      await Promise.allSettled(inFlight);
    }
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
      const name = `${subject.name.slice(0, 200)}.${suffix(options.random, clock)}`;
      const fresh: Series = {
        subject,
        content,
        name,
        firstAt: now,
        lastAt: now,
        count: 1,
        written: 0,
        tries: 0,
        writing: false,
      };
      series.set(key, fresh);
      begin(key, fresh);
    },
    stop: async () => {
      stopping = true;
      cancelFlush?.();
      const late = Promise.withResolvers<void>();
      const cancel = clock.setTimeout(late.resolve, stopMs);
      await Promise.race([drain(), late.promise]);
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
