import type { Cancel, Clock } from "../clock.ts";
import type { QueueMetrics } from "../metrics.ts";

/**
 * The most urgent first. `user`: somebody changed what is there and waits. `new`: somebody made something, maybe a
 * thousand at once. `resync`: start-up, periodic looks, changes that others or we made to children.
 */
const priorities = ["user", "new", "resync"] as const;
export type Priority = (typeof priorities)[number];

export interface QueueOptions {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly metrics: QueueMetrics;
}

export interface Taken {
  readonly key: string;
  readonly priority: Priority;
}

/**
 * Deduplicating work queue with client-go's law: a key is with at most one worker; added while it is being worked
 * on, it is worked on once more afterwards; added many times while waiting, it is worked on once.
 */
export interface Queue {
  /** `resync` when left out. A waiting key keeps the more urgent of its priorities. */
  add(key: string, priority?: Priority): void;
  /** Adds after `ms`. Of several pending for one key the earliest counts; taking the key drops them. */
  addAfter(key: string, ms: number, priority?: Priority): void;
  /** Adds after the key's backoff (5 ms doubling to 60 s), or later when too many keys fail at a time. */
  addWithBackoff(key: string, priority?: Priority): void;
  /** Resets the key's backoff: call after success. */
  forget(key: string): void;
  /** Next key, the most urgent first; undefined when the signal aborts. Every taken key must be given back by `done`. */
  take(signal: AbortSignal): Promise<Taken | undefined>;
  done(key: string): void;
  /** Keys that wait for a worker now, without delayed ones. */
  depth(): number;
  /** Drops waiting and delayed keys and their timers. */
  clear(): void;
}

const firstBackoffMs = 5;
/** A minute: long for a cluster that is down, short for a person who has just repaired it. */
const longestBackoffMs = 60_000;
/** All keys fail together when the API is away: this many retries a second, and so many at once, are let through. */
const retriesPerSecond = 50;
const retryBurst = 200;
/** One key for so many that were more urgent, so that a flood of edits delays the others but does not starve them. */
const mostPassedOver = 10;

export function createQueue({ clock, random, metrics }: QueueOptions): Queue {
  const lines = { user: createLine(), new: createLine(), resync: createLine() };
  /** Keys that wait, with what they wait for. A key in a line but not here, or here with the other line, is a ghost. */
  const waiting = new Map<string, { readonly priority: Priority; readonly since: number }>();
  const processing = new Map<string, { readonly since: number; again: Priority | undefined }>();
  const delayed = new Map<string, { readonly at: number; readonly priority: Priority; readonly cancel: Cancel }>();
  const failures = new Map<string, number>();
  const takers = new Set<(taken: Taken) => void>();
  const bucket = { tokens: retryBurst, at: clock.monotonic() };
  /** More urgent keys that were taken since this line had its turn. */
  const passedOver = { user: 0, new: 0, resync: 0 };

  const enqueue = (key: string, priority: Priority, since: number): void => {
    waiting.set(key, { priority, since });
    lines[priority].push(key);
    metrics.depth(waiting.size);
    const taker = takers.values().next().value;
    if (taker === undefined) return;
    const taken = next();
    if (taken === undefined) return;
    takers.delete(taker);
    taker(taken);
  };

  const shift = (priority: Priority): string | undefined => {
    for (let key = lines[priority].shift(); key !== undefined; key = lines[priority].shift()) {
      if (waiting.get(key)?.priority === priority) return key;
    }
    return undefined;
  };

  /** A line that was passed over for long enough, else the most urgent one that has a key. */
  const nextKey = (): string | undefined => {
    for (const priority of priorities.toReversed()) {
      const key = passedOver[priority] >= mostPassedOver ? shift(priority) : undefined;
      if (key !== undefined) return key;
    }
    for (const priority of priorities) {
      const key = shift(priority);
      if (key !== undefined) return key;
    }
    return undefined;
  };

  const next = (): Taken | undefined => {
    const key = nextKey();
    const found = key === undefined ? undefined : waiting.get(key);
    if (key === undefined || found === undefined) return undefined;
    for (const priority of priorities) if (isMoreUrgent(found.priority, priority)) passedOver[priority] += 1;
    passedOver[found.priority] = 0;
    waiting.delete(key);
    delayed.get(key)?.cancel();
    delayed.delete(key);
    const now = clock.monotonic();
    processing.set(key, { since: now, again: undefined });
    metrics.depth(waiting.size);
    metrics.waited((now - found.since) / 1000);
    return { key, priority: found.priority };
  };

  const add = (key: string, priority: Priority = "resync"): void => {
    const busy = processing.get(key);
    if (busy !== undefined) {
      if (busy.again === undefined) metrics.added();
      busy.again = moreUrgent(busy.again, priority);
      return;
    }
    const found = waiting.get(key);
    if (found === undefined) {
      metrics.added();
      enqueue(key, priority, clock.monotonic());
    } else if (isMoreUrgent(priority, found.priority)) {
      enqueue(key, priority, found.since);
    }
  };

  const addAfter = (key: string, ms: number, priority: Priority = "resync"): void => {
    if (ms <= 0) {
      add(key, priority);
      return;
    }
    const at = clock.monotonic() + ms;
    const found = delayed.get(key);
    const urgent = moreUrgent(found?.priority, priority);
    if (found !== undefined && found.at <= at && found.priority === urgent) return;
    found?.cancel();
    const due = Math.min(at, found?.at ?? at);
    const cancel = clock.setTimeout(() => {
      delayed.delete(key);
      add(key, urgent);
    }, due - clock.monotonic());
    delayed.set(key, { at: due, priority: urgent, cancel });
  };

  /** Time until the bucket has a token for this retry; takes it in advance. */
  const reserve = (): number => {
    const now = clock.monotonic();
    bucket.tokens = Math.min(retryBurst, bucket.tokens + ((now - bucket.at) / 1000) * retriesPerSecond) - 1;
    bucket.at = now;
    return bucket.tokens >= 0 ? 0 : (-bucket.tokens / retriesPerSecond) * 1000;
  };

  return {
    add,
    addAfter,
    addWithBackoff: (key, priority) => {
      const failed = failures.get(key) ?? 0;
      failures.set(key, failed + 1);
      metrics.retried();
      const backoffMs = Math.min(firstBackoffMs * 2 ** Math.min(failed, 30), longestBackoffMs);
      addAfter(key, Math.max(backoffMs * (1 - random() / 10), reserve()), priority);
    },
    forget: (key) => void failures.delete(key),
    take: (signal) => {
      if (signal.aborted) return Promise.resolve(undefined);
      const taken = next();
      if (taken !== undefined) return Promise.resolve(taken);
      return new Promise((resolve) => {
        const leave = (): void => {
          takers.delete(arrive);
          resolve(undefined);
        };
        const arrive = (found: Taken): void => {
          signal.removeEventListener("abort", leave);
          resolve(found);
        };
        takers.add(arrive);
        signal.addEventListener("abort", leave, { once: true });
      });
    },
    done: (key) => {
      const worked = processing.get(key);
      if (worked === undefined) return;
      processing.delete(key);
      const now = clock.monotonic();
      metrics.worked((now - worked.since) / 1000);
      if (worked.again !== undefined) enqueue(key, worked.again, now);
    },
    depth: () => waiting.size,
    clear: () => {
      waiting.clear();
      for (const { cancel } of delayed.values()) cancel();
      delayed.clear();
      failures.clear();
      for (const work of processing.values()) work.again = undefined;
      for (const priority of priorities) lines[priority] = createLine();
      metrics.depth(0);
    },
  };
}

function moreUrgent(left: Priority | undefined, right: Priority): Priority {
  return left !== undefined && isMoreUrgent(left, right) ? left : right;
}

function isMoreUrgent(left: Priority, right: Priority): boolean {
  return priorities.indexOf(left) < priorities.indexOf(right);
}

interface Line {
  push(key: string): void;
  shift(): string | undefined;
}

/** First in, first out, in constant time: Array.shift moves the whole array, and a Map's first key is found slowly. */
function createLine(): Line {
  let keys: string[] = [];
  let head = 0;
  return {
    push: (key) => void keys.push(key),
    shift: () => {
      const key = keys[head];
      if (key === undefined) {
        keys = [];
        head = 0;
        return undefined;
      }
      head += 1;
      if (head >= compactionLength && head * 2 >= keys.length) {
        keys = keys.slice(head);
        head = 0;
      }
      return key;
    },
  };
}

/** Copying fewer keys than this more often saves nothing. */
const compactionLength = 1024;
