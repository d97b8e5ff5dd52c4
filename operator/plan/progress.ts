import { timestamp } from "../api/conditions.ts";
import type { RolloutStatus } from "../api/model.ts";
import type { RolloutInputs } from "./rollout-inputs.ts";

/** The record of the change under way: a new one for a new target, moved on whenever more of it is ready than ever. */
export function progressOf(inputs: RolloutInputs): RolloutStatus {
  const ready = inputs.fleets.get(inputs.target.revision)?.ready ?? 0;
  const known = inputs.progress?.revision === inputs.target.revision ? inputs.progress : undefined;
  const now = timestamp(inputs.now);
  if (known?.readyReplicas === undefined) {
    return { revision: inputs.target.revision, startedAt: now, lastProgressTime: now, readyReplicas: ready };
  }
  return ready > (known.readyReplicas ?? 0) ? { ...known, lastProgressTime: now, readyReplicas: ready } : known;
}

/**
 * At 0 replicas the spec is reached, and nothing is known of a revision that came to be the current one there or before
 * any pod of it was ready: its change is kept in mind, without a number of ready pods, until it has been tried.
 */
export function untried(inputs: RolloutInputs, current: string | undefined): RolloutStatus | undefined {
  if (current === undefined) return undefined;
  if (inputs.progress?.revision === current) {
    const { readyReplicas = 0, ...record } = inputs.progress;
    return readyReplicas === 0 ? record : undefined;
  }
  if (inputs.current === current || (inputs.fleets.get(current)?.ready ?? 0) > 0) return undefined;
  const now = timestamp(inputs.now);
  return { revision: current, startedAt: now, lastProgressTime: now };
}

/** When the change has had no progress for too long, in milliseconds since the epoch. */
export function deadline(inputs: RolloutInputs): number {
  return Date.parse(progressOf(inputs).lastProgressTime) + inputs.limits.progressDeadlineMs;
}
