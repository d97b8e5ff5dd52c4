import type { LoadSummary } from "../../load/tally.ts";
import { type Spread, spreadOf } from "../spread.ts";
import type { ChangeReading } from "./change.ts";

/** Several changes of the same kind. */
export interface ChangesTogether {
  readonly requests: number;
  readonly failed: number;
  readonly ratePerSecond: number;
  readonly longestGapMs: number;
  readonly durationMs: Spread;
  readonly lastOldAnswerMs: Spread;
}

export function changesTogether(readings: readonly ChangeReading[]): ChangesTogether {
  const sum = (of: (summary: LoadSummary) => number): number =>
    readings.reduce((total, { summary }) => total + of(summary), 0);
  const requests = sum((summary) => summary.requests);
  return {
    requests,
    failed: sum(({ failed }) => failed),
    ratePerSecond: Math.round(requests / sum((summary) => summary.seconds)),
    longestGapMs: Math.max(...readings.map(({ summary }) => summary.longestGapMs)),
    durationMs: spreadOf(readings.map(({ durationMs }) => durationMs)),
    lastOldAnswerMs: spreadOf(readings.map(({ lastOldAnswerMs }) => lastOldAnswerMs)),
  };
}
