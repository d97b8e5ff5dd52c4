import type { RunOutcome, RunRequest } from "./run.ts";

export interface Job {
  readonly request: RunRequest;
  readonly resolve: (outcome: RunOutcome) => void;
  /** Monotonic, milliseconds. */
  readonly enqueued: number;
}

export interface QueueOptions {
  readonly limit: number;
  /** Nobody waits longer. */
  readonly seconds: number;
  readonly now: () => number;
}

/** Jobs that wait for a worker. Each one added is resolved or handed out by {@link Queue.next}, never lost. */
export interface Queue {
  add(job: Job): void;
  /** The longest waiting job that is still wanted. */
  next(): Job | undefined;
  /** The longest waiting one, wanted or not; it stays. */
  oldest(): Job | undefined;
  rejectAll(kind: "closed"): void;
  size(): number;
}

export function createQueue({ limit, seconds, now }: QueueOptions): Queue {
  let jobs: Job[] = [];
  let timer: NodeJS.Timeout | undefined;

  const dropAbandoned = (): void => {
    jobs = jobs.filter((job) => {
      const isAbandoned = job.request.isAbandoned();
      if (isAbandoned) job.resolve({ kind: "abandoned" });
      return !isAbandoned;
    });
  };

  // All wait equally long, so the head is always the first to expire and one timer is enough. It goes on when the queue is
  // empty, as most requests find an empty queue, and to set and clear it for each would cost more than to take one.
  const watchHead = (): void => {
    const [head] = jobs;
    if (head === undefined || timer !== undefined) return;
    const wait = Math.max(0, head.enqueued + seconds * 1000 - now());
    timer = setTimeout(() => {
      timer = undefined;
      while (jobs[0] !== undefined && now() - jobs[0].enqueued >= seconds * 1000) {
        jobs.shift()?.resolve({ kind: "expired" });
      }
      watchHead();
    }, Math.ceil(wait));
    timer.unref();
  };

  return {
    add(job) {
      if (jobs.length >= limit) dropAbandoned();
      if (jobs.length >= limit) {
        job.resolve({ kind: "full" });
        return;
      }
      jobs.push(job);
      watchHead();
    },

    next() {
      for (;;) {
        const job = jobs.shift();
        if (job === undefined) return undefined;
        if (!job.request.isAbandoned()) return job;
        job.resolve({ kind: "abandoned" });
      }
    },

    oldest: () => jobs[0],

    rejectAll(kind) {
      for (const job of jobs) job.resolve({ kind });
      jobs = [];
      clearTimeout(timer);
      timer = undefined;
    },

    size: () => jobs.length,
  };
}
