/** Where a shard runs the model: on the thread that reads and answers, or on a thread of its own. */
export type Place = "inPlace" | "thread";

/**
 * Above this, nothing is read, refused or counted for too long while a run goes on, and the hop to another thread, some
 * 50 µs, is nothing beside it.
 */
const longRunSeconds = 0.02;

/** By the time of a run at warm-up; undefined: the model did not run on zeros, so nothing is known. */
export function placeAfterWarmUp(runSeconds: number | undefined): Place {
  return runSeconds === undefined || runSeconds <= longRunSeconds ? "inPlace" : "thread";
}
