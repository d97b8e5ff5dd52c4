import { timestamp } from "../api/conditions.ts";
import type { RolloutStatus } from "../api/model.ts";
import type { RolloutInputs } from "./rollout-inputs.ts";

/** The record of the change under way: a new one for a new target, moved on whenever more of it is ready than ever. */
export function progressOf(inputs: RolloutInputs): RolloutStatus {
  const ready = inputs.fleets.get(inputs.target.revision)?.ready ?? 0;
  const known = inputs.progress?.revision === inputs.target.revision ? inputs.progress : undefined;
  const now = timestamp(inputs.now);
  if (known === undefined) {
    return { revision: inputs.target.revision, startedAt: now, lastProgressTime: now, readyReplicas: ready };
  }
  return ready > (known.readyReplicas ?? 0) ? { ...known, lastProgressTime: now, readyReplicas: ready } : known;
}

/** When the change has had no progress for too long, in milliseconds since the epoch. */
export function deadline(inputs: RolloutInputs): number {
  return Date.parse(progressOf(inputs).lastProgressTime) + inputs.limits.progressDeadlineMs;
}
