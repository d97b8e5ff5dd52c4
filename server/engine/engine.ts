import type { FailureReason } from "../contract.ts";
import type { Signature, Tensor } from "../tensor.ts";
import { createQueue, type Job } from "./queue.ts";
import { type Seat, startSeat } from "./seat.ts";

export interface EngineOptions {
  /** Module that runs {@link import("./worker.ts").runWorker} in a worker thread. */
  readonly script: URL;
  readonly modelPath: string;
  /** Threads that one run uses. */
  readonly intraOpThreads: number;
  /** Threads, each with its own session. */
  readonly workers: number;
  /** Requests that may wait. */
  readonly queueLimit: number;
  readonly queueSeconds: number;
  readonly runSeconds: number;
  /** Monotonic, milliseconds. */
  readonly now: () => number;
  /** A worker was lost to a JavaScript fault and is being replaced. */
  readonly onFault: (message: string) => void;
  /** The engine will not recover; called once. Requests under way elsewhere go on. */
  readonly onFatal: (failure: EngineFailure) => void;
}

export interface EngineFailure {
  readonly reason: FailureReason;
  readonly message: string;
}

export interface LoadedModel {
  readonly ok: true;
  readonly signature: Signature;
  /** Outputs that cannot be sent because they are no tensors. */
  readonly skippedOutputs: readonly string[];
}

export type RunOutcome =
  | {
      readonly kind: "done";
      readonly outputs: readonly Tensor[];
      readonly queueSeconds: number;
      readonly runSeconds: number;
    }
  /** ONNX Runtime said no: the inputs do not go together, or an operator found a value it cannot take. */
  | { readonly kind: "refused"; readonly message: string; readonly isOutOfMemory: boolean }
  /** As many as may wait are waiting. */
  | { readonly kind: "full" }
  /** Waited too long and was not run. */
  | { readonly kind: "expired" }
  /** Ran too long. The native call cannot be interrupted, so its thread is lost. */
  | { readonly kind: "stuck" }
  /** The worker died during the run. */
  | { readonly kind: "faulted" }
  /** Who asked has gone; was not run. */
  | { readonly kind: "abandoned" }
  /** No worker will come. */
  | { readonly kind: "closed" };

export interface RunRequest {
  /** Their bytes are taken away: the arrays are empty afterwards. */
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly string[];
  /** Asked when a worker is free: true drops the request. */
  readonly isAbandoned: () => boolean;
}

/**
 * N worker threads behind one bounded queue, first come, first served. A session's calls block their thread, so
 * parallelism is the number of threads, and nothing here ever runs a model on the calling thread.
 */
export interface Engine {
  /** Loads the model in one worker, then in the others at the same time. */
  readonly load: () => Promise<LoadedModel | ({ readonly ok: false } & EngineFailure)>;
  readonly run: (request: RunRequest) => Promise<RunOutcome>;
  /** Requests that wait. */
  readonly queued: () => number;
  /** Workers that can run a request now or after the one they run. */
  readonly usable: () => number;
  /** Ends every idle thread. False: a thread is inside a native call, a run or a load, so only the process's end ends it. */
  readonly close: () => Promise<boolean>;
}

/** A worker that keeps dying is no accident; more than this within the window ends the process with a report. */
const maximumFaults = 5;
const faultWindowMilliseconds = 10 * 60 * 1000;

export function createEngine(options: EngineOptions): Engine {
  const seats = new Set<Seat>();
  const stuck = new Set<Seat>();
  const idle: Seat[] = [];
  const faults: number[] = [];
  const queue = createQueue({ limit: options.queueLimit, seconds: options.queueSeconds, now: options.now });
  let isClosed = false;
  let hasFailed = false;

  const fail = (failure: EngineFailure): void => {
    if (hasFailed) return;
    hasFailed = true;
    options.onFatal(failure);
  };

  const serveNext = (seat: Seat): void => {
    const job = queue.next();
    if (job === undefined) idle.push(seat);
    else dispatch(seat, job);
  };

  const dispatch = (seat: Seat, job: Job): void => {
    const dispatched = options.now();
    seat.run(job.request, (outcome) => {
      if (outcome.kind === "done") {
        job.resolve({ ...outcome, queueSeconds: (dispatched - job.enqueued) / 1000 });
      } else {
        job.resolve(outcome);
      }
      if (outcome.kind === "stuck") lose(seat, "stuck");
      else if (outcome.kind !== "faulted") serveNext(seat);
    });
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
    const now = options.now();
    faults.push(now);
    while ((faults[0] ?? now) < now - faultWindowMilliseconds) faults.shift();
    if (faults.length > maximumFaults) {
      fail({ reason: "Crashed", message: `A worker of the engine died ${faults.length} times: ${detail}` });
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
        else dispatch(seat, job);
      });
    },

    queued: () => queue.size(),
    usable: () => seats.size,

    async close() {
      isClosed = true;
      queue.rejectAll("closed");
      const isFree = stuck.size === 0 && idle.length === seats.size;
      await Promise.all(idle.map((seat) => seat.end()));
      return isFree;
    },
  };
}
