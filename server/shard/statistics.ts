import type { ModelStatistics, StatisticDuration } from "../protocol/v2/model-statistics.ts";

/** What the model has done in this shard, over all protocols. */
export interface Statistics {
  /** A request was run and is about to be answered. */
  readonly ran: (queueSeconds: number, runSeconds: number) => void;
  /** A request came as far as the model and could not be run. */
  readonly failed: () => void;
  readonly snapshot: () => ModelStatistics;
}

/** `wallClock`: milliseconds since 1970 UTC. `runs`: of the model so far. */
export function createStatistics(wallClock: () => number, runs: () => number): Statistics {
  let last = 0;
  let requests = 0;
  let fails = 0;
  let queueNanoseconds = 0;
  let runNanoseconds = 0;
  return {
    ran(queueSeconds, runSeconds) {
      last = wallClock();
      requests += 1;
      queueNanoseconds += queueSeconds * nanoseconds;
      runNanoseconds += runSeconds * nanoseconds;
    },
    failed() {
      fails += 1;
    },
    snapshot() {
      const of = (count: number, ns: number): StatisticDuration => ({ count, ns: Math.round(ns) });
      return {
        lastInference: last,
        inferenceCount: requests,
        executionCount: runs(),
        success: of(requests, queueNanoseconds + runNanoseconds),
        fail: of(fails, 0),
        queue: of(requests, queueNanoseconds),
        // Reading and writing tensors is part of the run here, or nothing at all: views on the body.
        computeInput: of(requests, 0),
        computeInfer: of(requests, runNanoseconds),
        computeOutput: of(requests, 0),
        batches: [],
      };
    },
  };
}

const nanoseconds = 1e9;
