import { Worker } from "node:worker_threads";
import { portable, type RunMessage, type WorkerMessage, type WorkerOptions } from "./messages.ts";
import type { LoneRunsDecision } from "./lone-runs/lone-session.ts";
import type { EngineFailure, LoadedModel, RunInputs, RunOutcome } from "./run.ts";

/** How a run on one worker ends; the engine adds the time in the queue. */
export type SeatOutcome =
  | Omit<Extract<RunOutcome, { readonly kind: "done" }>, "queueSeconds">
  | Extract<RunOutcome, { readonly kind: "refused" | "stuck" | "faulted" }>;

/** One worker thread, which runs one request at a time. */
export interface Seat {
  /** Settles once: the model is loaded, or why not. */
  readonly loaded: Promise<LoadedModel | ({ readonly ok: false } & EngineFailure)>;
  /** Must not be called before the last run is done. */
  run(inputs: RunInputs, done: (outcome: SeatOutcome) => void): void;
  /** Ends the thread. Never during a run or a load: ending a thread inside a native call aborts the process. */
  end(): Promise<void>;
}

export interface SeatOptions extends WorkerOptions {
  /** Module that runs {@link import("./worker.ts").runWorker} in a worker thread. */
  readonly script: URL;
  readonly runSeconds: number;
  /** Whether runs that are alone use other threads. */
  readonly onLoneRuns?: (decision: LoneRunsDecision) => void;
}

/** Starts a thread. `onDeath` is called once if it dies after it had loaded, after the outcome of its run. */
export function startSeat(options: SeatOptions, onDeath: (detail: string) => void): Seat {
  const { modelPath, isFileStable, seenFiles, packedPath, intraOpThreads, providers, loneRuns } = options;
  const model = { modelPath, isFileStable, seenFiles, packedPath };
  const workerData: WorkerOptions = { ...model, intraOpThreads, providers, loneRuns };
  const worker = new Worker(options.script, { workerData });
  const { promise: loaded, resolve: settleLoaded } = Promise.withResolvers<Awaited<Seat["loaded"]>>();
  let isLoaded = false;
  let isOver = false;
  let done: ((outcome: SeatOutcome) => void) | undefined;
  let deadline: NodeJS.Timeout | undefined;

  const finish = (outcome: SeatOutcome): void => {
    clearTimeout(deadline);
    const callback = done;
    done = undefined;
    callback?.(outcome);
  };

  const die = (detail: string): void => {
    if (isOver) return;
    isOver = true;
    settleLoaded({ ok: false, reason: "LoadFailed", message: `A worker of the engine died: ${detail}` });
    finish({ kind: "faulted" });
    if (isLoaded) onDeath(detail);
  };

  worker.on("message", (message: WorkerMessage) => {
    switch (message.kind) {
      case "loaded":
        isLoaded = true;
        settleLoaded(message.model);
        break;
      case "loadFailed":
        isOver = true;
        settleLoaded({ ok: false, reason: message.reason, message: message.message });
        break;
      case "loneRuns":
        options.onLoneRuns?.(message.decision);
        break;
      case "refused":
        finish(message);
        break;
      case "done":
        finish({ kind: "done", outputs: message.outputs, runSeconds: message.seconds });
        break;
    }
  });
  worker.on("error", (error) => die(error instanceof Error ? error.message : String(error)));
  worker.on("messageerror", (error) => die(error.message));
  worker.on("exit", (code) => die(`it ended with code ${code}`));

  return {
    loaded,

    run({ inputs, outputs }, callback) {
      const { tensors, transfer } = portable(inputs);
      const message: RunMessage = { inputs: tensors, outputs };
      done = callback;
      deadline = setTimeout(() => {
        isOver = true;
        finish({ kind: "stuck" });
      }, options.runSeconds * 1000);
      worker.postMessage(message, transfer);
    },

    async end() {
      isOver = true;
      await worker.terminate();
    },
  };
}
