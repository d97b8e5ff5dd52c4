import type { Tensor, TensorData } from "../../tensor.ts";
import { join, looksBatchable, split } from "./batch.ts";
import { batchLimit, type BatchTime, triedRows } from "./batch-limit.ts";
import { loudness, madeUpRow, scaled } from "../made-up-inputs.ts";
import type { RunInputs } from "../run.ts";
import type { Session, SessionOutcome } from "../session/session.ts";

/** A start may take so much longer for knowing what batches gain. */
const measuringMilliseconds = 100;
/** The best of so many readings, as far as time allows: whatever else the machine does makes a run longer, never shorter. */
const readings = 5;
/** So many are taken before it is judged whether larger sizes are worth trying. */
const firstReadings = 2;
/** Kernels of other sizes sum up in another order. */
const tolerance = 1e-3;

/**
 * Rows that one run of the model may have, by what they take: see {@link batchLimit}. 1 where the model's rows are no rows
 * of their own: made-up requests that are run together, alike or not, must give what each gives alone.
 *
 * `shapes`: of each input, with which the model ran. `now`: monotonic, milliseconds.
 */
export function measureBatches(
  session: Session,
  shapes: ReadonlyMap<string, readonly number[]>,
  now: () => number,
): { readonly limit: number; readonly times: readonly BatchTime[] } {
  if (!looksBatchable(session.signature) || !keepsLikeRowsApart(session, shapes)) return { limit: 1, times: [] };
  const times = measure(session, shapes, now);
  const limit = batchLimit(times);
  // Most models that gain nothing are those whose runs take long: they are spared these.
  return { limit: limit > 1 && !keepsUnlikeRowsApart(session, shapes) ? 1 : limit, times };
}

function measure(
  session: Session,
  shapes: ReadonlyMap<string, readonly number[]>,
  now: () => number,
): readonly BatchTime[] {
  const until = now() + measuringMilliseconds;
  const tried: { readonly rows: number; readonly inputs: RunInputs; seconds: number }[] = [];
  const times = (): readonly BatchTime[] => tried.map(({ rows, seconds }) => ({ rows, seconds }));
  const read = (size: (typeof tried)[number]): boolean => {
    const begun = now();
    const outcome = session.run(size.inputs.inputs, size.inputs.outputs);
    size.seconds = Math.min(size.seconds, (now() - begun) / 1000);
    return outcome.kind === "done";
  };
  for (const rows of triedRows) {
    const inputs = join(Array.from({ length: rows }, (_, row) => madeUpRow(session.signature, shapes, row)));
    const size = { rows, inputs, seconds: Infinity };
    for (let reading = 0; reading < firstReadings; reading++) {
      if (!read(size)) return times();
    }
    tried.push(size);
    // Without a gain so far there is none to come; and a start must end.
    if ((tried.length > 1 && batchLimit(times()) < rows) || now() > until) break;
  }
  // In turns, so that what else the machine does meanwhile falls on all sizes alike.
  for (let reading = firstReadings; reading < readings && now() < until; reading++) {
    for (const size of tried) read(size);
  }
  return times();
}

function keepsLikeRowsApart(session: Session, shapes: ReadonlyMap<string, readonly number[]>): boolean {
  const rows = [1, 2].map((number) => madeUpRow(session.signature, shapes, number));
  const together = runTogether(session, rows);
  return (
    Array.isArray(together) &&
    rows.every((row, index) => isAlike(session.run(row.inputs, row.outputs), together[index]))
  );
}

/**
 * Rows of one kind hardly change each other's scale, place or number. Of three, only the one in the middle is judged: sums
 * of large values differ by more than the tolerance. From a model that refuses such values nothing is learnt.
 */
function keepsUnlikeRowsApart(session: Session, shapes: ReadonlyMap<string, readonly number[]>): boolean {
  const row = madeUpRow(session.signature, shapes, 1);
  const alone = session.run(row.inputs, row.outputs);
  return [loudness, -loudness].every((factor) => {
    const loud = (number: number): RunInputs => scaled(madeUpRow(session.signature, shapes, number), factor);
    const together = runTogether(session, [loud(3), row, loud(4)]);
    return together === "refused" || (together !== "no rows" && isAlike(alone, together[1]));
  });
}

/** Each one's part of the outputs. */
function runTogether(
  session: Session,
  rows: readonly RunInputs[],
): readonly (readonly Tensor[])[] | "refused" | "no rows" {
  const { inputs, outputs } = join(rows);
  const outcome = session.run(inputs, outputs);
  if (outcome.kind !== "done") return "refused";
  const sizes = rows.map(() => 1);
  return split(outcome.outputs, sizes) ?? "no rows";
}

function isAlike(alone: SessionOutcome, part: readonly Tensor[] = []): boolean {
  return alone.kind === "done" && areAlike(alone.outputs, part);
}

function areAlike(ones: readonly Tensor[], others: readonly Tensor[]): boolean {
  return ones.every(({ shape, data }, index) => {
    const other = others[index];
    if (other === undefined || other.data.length !== data.length) return false;
    return shape.every((size, dimension) => size === other.shape[dimension]) && hasValues(data, other.data);
  });
}

function hasValues(data: TensorData, other: TensorData): boolean {
  for (let index = 0; index < data.length; index++) {
    const [a, b] = [data[index], other[index]];
    if (typeof a === "number" && typeof b === "number") {
      if (!(Object.is(a, b) || Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a)))) return false;
    } else if (a !== b) return false;
  }
  return true;
}
