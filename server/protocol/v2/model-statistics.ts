/** How often something was done and how long it took in all, since the server started. */
export interface StatisticDuration {
  readonly count: number;
  /** Nanoseconds. */
  readonly ns: number;
}

/** What the model has done, as Triton's ModelStatistics has it; name and version are the served model's. */
export interface ModelStatistics {
  /** Milliseconds since 1970 UTC; 0: there was none yet. */
  readonly lastInference: number;
  /** Requests, counted by their rows where requests are batched. */
  readonly inferenceCount: number;
  /** Runs of the model: fewer than inferences where requests are batched. */
  readonly executionCount: number;
  readonly success: StatisticDuration;
  readonly fail: StatisticDuration;
  readonly queue: StatisticDuration;
  readonly computeInput: StatisticDuration;
  readonly computeInfer: StatisticDuration;
  readonly computeOutput: StatisticDuration;
  /** By the size of the batches that were run; empty where none are made. */
  readonly batches: readonly BatchStatistics[];
}

export interface BatchStatistics {
  readonly batchSize: number;
  readonly computeInput: StatisticDuration;
  readonly computeInfer: StatisticDuration;
  readonly computeOutput: StatisticDuration;
}

/** Body of GET v2/models[/M]/stats (Triton's statistics extension). */
export function statisticsBody(name: string, version: string, statistics: ModelStatistics): object {
  const { success, fail, queue, computeInput, computeInfer, computeOutput, batches } = statistics;
  return {
    model_stats: [
      {
        name,
        version,
        last_inference: statistics.lastInference,
        inference_count: statistics.inferenceCount,
        execution_count: statistics.executionCount,
        inference_stats: {
          success,
          fail,
          queue,
          compute_input: computeInput,
          compute_infer: computeInfer,
          compute_output: computeOutput,
          cache_hit: none,
          cache_miss: none,
        },
        batch_stats: batches.map((batch) => ({
          batch_size: batch.batchSize,
          compute_input: batch.computeInput,
          compute_infer: batch.computeInfer,
          compute_output: batch.computeOutput,
        })),
      },
    ],
  };
}

const none: StatisticDuration = { count: 0, ns: 0 };

export const noStatistics: ModelStatistics = {
  lastInference: 0,
  inferenceCount: 0,
  executionCount: 0,
  success: none,
  fail: none,
  queue: none,
  computeInput: none,
  computeInfer: none,
  computeOutput: none,
  batches: [],
};

/** What several processes have done, as one. */
export function addStatistics(one: ModelStatistics, other: ModelStatistics): ModelStatistics {
  return {
    lastInference: Math.max(one.lastInference, other.lastInference),
    inferenceCount: one.inferenceCount + other.inferenceCount,
    executionCount: one.executionCount + other.executionCount,
    success: addDurations(one.success, other.success),
    fail: addDurations(one.fail, other.fail),
    queue: addDurations(one.queue, other.queue),
    computeInput: addDurations(one.computeInput, other.computeInput),
    computeInfer: addDurations(one.computeInfer, other.computeInfer),
    computeOutput: addDurations(one.computeOutput, other.computeOutput),
    batches: [...one.batches, ...other.batches].reduce<readonly BatchStatistics[]>(addBatch, []),
  };
}

function addDurations(one: StatisticDuration, other: StatisticDuration): StatisticDuration {
  return { count: one.count + other.count, ns: one.ns + other.ns };
}

function addBatch(batches: readonly BatchStatistics[], batch: BatchStatistics): readonly BatchStatistics[] {
  const same = batches.find(({ batchSize }) => batchSize === batch.batchSize);
  if (same === undefined) return [...batches, batch];
  const both: BatchStatistics = {
    batchSize: batch.batchSize,
    computeInput: addDurations(same.computeInput, batch.computeInput),
    computeInfer: addDurations(same.computeInfer, batch.computeInfer),
    computeOutput: addDurations(same.computeOutput, batch.computeOutput),
  };
  return batches.map((other) => (other === same ? both : other));
}
