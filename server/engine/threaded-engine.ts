import { isProblem } from "../errors.ts";
import { createQueue, type Job } from "./queue.ts";
import { createRecentLosses } from "./recent-losses.ts";
import type { Engine, EngineFailure, LoadedModel } from "./run.ts";
import type { RunWatch } from "./run-watch.ts";
import { type Seat, type SeatOptions, startSeat } from "./seat.ts";

export interface ThreadedEngineOptions extends SeatOptions {
  /** Threads, each with its own session. */
  readonly workers: number;
  /** Requests that may wait. */
  readonly queueLimit: number;
  readonly queueSeconds: number;
  /** Monotonic, milliseconds. */
  readonly now: () => number;
  readonly watch: RunWatch;
  /** A worker was lost to a JavaScript fault and is being replaced. */
  readonly onFault: (message: string) => void;
  /** The engine will not recover; called once. Requests under way elsewhere go on. */
  readonly onFatal: (failure: EngineFailure) => void;
}

/**
 * N worker threads behind one bounded queue, first come, first served. A session's calls block their thread, so
 * parallelism is the number of threads, and nothing here ever runs a model on the calling thread.
 */
export function createThreadedEngine(options: ThreadedEngineOptions): Engine {
  const seats = new Set<Seat>();
  const stuck = new Set<Seat>();
  const idle: Seat[] = [];
  const faults = createRecentLosses();
  const queue = createQueue({ limit: options.queueLimit, seconds: options.queueSeconds, now: options.now });
  let runs = 0;
  let isClosed = false;
  let hasFailed = false;

  const fail = (failure: EngineFailure): void => {
    if (hasFailed) return;
    hasFailed = true;
    options.onFatal(failure);
  };

  const serveNext = (seat: Seat): void => {
    for (let job = queue.next(); job !== undefined; job = queue.next()) {
      if (dispatch(seat, job)) return;
    }
    idle.push(seat);
  };

  /** False: there was nothing to run, the seat is as free as before. */
  const dispatch = (seat: Seat, job: Job): boolean => {
    const dispatched = options.now();
    const inputs = job.request.decode();
    if (isProblem(inputs)) {
      job.resolve({ kind: "invalid", problem: inputs });
      return false;
    }
    const standing = options.watch.judge(inputs);
    if (isProblem(standing)) {
      job.resolve({ kind: "invalid", problem: standing });
      return false;
    }
    options.watch.begin(job.request.id, [standing]);
    runs += 1;
    seat.run(inputs, (outcome) => {
      options.watch.end();
      if (outcome.kind === "done") {
        job.resolve({ ...outcome, queueSeconds: (dispatched - job.enqueued) / 1000 });
      } else {
        job.resolve(outcome);
      }
      if (outcome.kind === "stuck") lose(seat, "stuck");
      else if (outcome.kind !== "faulted") serveNext(seat);
    });
    return true;
  };

  /** Takes a seat out for good. One that is stuck ends the engine; one that died is replaced, within bounds. */
  const lose = (seat: Seat, cause: "stuck" | "died", detail = ""): void => {
    seats.delete(seat);
    const position = idle.indexOf(seat);
    if (position !== -1) idle.splice(position, 1);
    if (isClosed) return;
    if (cause === "stuck") {
      stuck.add(seat);
      const message = `The model ran longer than the ${options.runSeconds} s that are allowed, and a run cannot be interrupted.`;
      fail({ reason: "EngineStuck", message });
    } else {
      replace(detail);
    }
    if (seats.size === 0) queue.rejectAll("closed");
  };

  const replace = (detail: string): void => {
    const { count, isTooMany } = faults.add(options.now());
    if (isTooMany) {
      fail({ reason: "Crashed", message: `A worker of the engine died ${count} times: ${detail}` });
      return;
    }
    options.onFault(detail);
    void replaceBy(add());
  };

  const replaceBy = async (added: ReturnType<typeof add>): Promise<void> => {
    const loaded = await added;
    if (loaded.ok) return;
    fail({ reason: "Crashed", message: `A worker of the engine could not be replaced: ${loaded.message}` });
  };

  const add = async (): Promise<LoadedModel | ({ readonly ok: false } & EngineFailure)> => {
    const seat = startSeat(options, (detail) => lose(seat, "died", detail));
    seats.add(seat);
    const loaded = await seat.loaded;
    if (!loaded.ok) seats.delete(seat);
    else if (isClosed) await seat.end();
    else serveNext(seat);
    return loaded;
  };

  return {
    async load() {
      const first = await add();
      if (!first.ok) return first;
      const others = await Promise.all(Array.from({ length: options.workers - 1 }, () => add()));
      return others.find((loaded) => !loaded.ok) ?? first;
    },

    run(request) {
      if (isClosed || seats.size === 0) return Promise.resolve({ kind: "closed" });
      return new Promise((resolve) => {
        const job: Job = { request, resolve, enqueued: options.now() };
        const seat = idle.pop();
        if (seat === undefined) queue.add(job);
        else if (!dispatch(seat, job)) idle.push(seat);
      });
    },

    queued: () => queue.size(),
    usable: () => seats.size,
    runs: () => runs,

    async close() {
      isClosed = true;
      queue.rejectAll("closed");
      const isFree = stuck.size === 0 && idle.length === seats.size;
      await Promise.all(idle.map((seat) => seat.end()));
      return isFree;
    },
  };
}
