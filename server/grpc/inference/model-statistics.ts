import type { ModelStatistics, StatisticDuration } from "../../protocol/v2/model-statistics.ts";
import { beginMessage, endMessage, type Writer, writeIntegerField, writeStringField } from "../wire/writer.ts";

/** ModelStatisticsResponse. */
export function writeModelStatistics(writer: Writer, name: string, version: string, statistics: ModelStatistics): void {
  const begun = beginMessage(writer, 1);
  writeStringField(writer, 1, name);
  writeStringField(writer, 2, version);
  writeIntegerField(writer, 3, statistics.lastInference);
  writeIntegerField(writer, 4, statistics.inferenceCount);
  writeIntegerField(writer, 5, statistics.executionCount);
  const inference = beginMessage(writer, 6);
  writeDuration(writer, 1, statistics.success);
  writeDuration(writer, 2, statistics.fail);
  writeDuration(writer, 3, statistics.queue);
  writeDuration(writer, 4, statistics.computeInput);
  writeDuration(writer, 5, statistics.computeInfer);
  writeDuration(writer, 6, statistics.computeOutput);
  endMessage(writer, inference);
  for (const batch of statistics.batches) {
    const one = beginMessage(writer, 7);
    writeIntegerField(writer, 1, batch.batchSize);
    writeDuration(writer, 2, batch.computeInput);
    writeDuration(writer, 3, batch.computeInfer);
    writeDuration(writer, 4, batch.computeOutput);
    endMessage(writer, one);
  }
  endMessage(writer, begun);
}

function writeDuration(writer: Writer, field: number, { count, ns }: StatisticDuration): void {
  const begun = beginMessage(writer, field);
  writeIntegerField(writer, 1, Math.round(count));
  writeIntegerField(writer, 2, Math.round(ns));
  endMessage(writer, begun);
}
