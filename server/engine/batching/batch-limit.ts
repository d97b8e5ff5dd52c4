/** What a batch of so many rows took at warm-up. */
export interface BatchTime {
  readonly rows: number;
  readonly seconds: number;
}

/** Sizes that are tried: the gain of the next one shows in the step before. */
export const triedRows: readonly number[] = [1, 2, 4, 8, 16, 32];
/** Below this, waiting for others is worth nothing: it is what two readings of one time differ by. */
const leastGain = 1.1;

/**
 * Rows that a run may have: the largest size that takes at least a tenth less time for each row than the size chosen
 * before it. 1: batches do not pay, as with convolutions on a CPU, which use all of it for one row already.
 */
export function batchLimit(times: readonly BatchTime[]): number {
  let best = times[0];
  for (const time of times) {
    if (best === undefined || time.rows <= best.rows) continue;
    if (best.seconds / best.rows >= (leastGain * time.seconds) / time.rows) best = time;
    else break;
  }
  return best?.rows ?? 1;
}
