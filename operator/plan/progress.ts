import { timestamp } from "../api/conditions.ts";
import type { RolloutStatus } from "../api/model.ts";
import type { RolloutInputs } from "./rollout-inputs.ts";

/** The record of the change under way: a new one for a new target, moved on whenever more of it is ready than ever. */
export function progressOf(inputs: RolloutInputs): RolloutStatus {
  const { ready = 0, desired = 0 } = inputs.fleets.get(inputs.target.revision) ?? {};
  const known = inputs.progress?.revision === inputs.target.revision ? inputs.progress : undefined;
  const now = timestamp(inputs.now);
  if (known === undefined) {
    return { revision: inputs.target.revision, startedAt: now, lastProgressTime: now, readyReplicas: ready };
  }
  if (ready > (known.readyReplicas ?? 0)) return { ...known, lastProgressTime: now, readyReplicas: ready };
  // At 0 replicas nothing was expected of it: its time begins with its first pods.
  return known.readyReplicas === undefined && desired === 0 ? { ...known, lastProgressTime: now } : known;
}

/**
 * At 0 replicas the spec is reached, and nothing is known of a revision that came to be the current one there: its
 * change is kept in mind, without a number of ready pods, until one of them has been ready.
 */
export function untried(inputs: RolloutInputs, current: string | undefined): RolloutStatus | undefined {
  if (current === undefined) return undefined;
  const known = inputs.progress?.revision === current ? inputs.progress : undefined;
  if (known !== undefined && known.readyReplicas === undefined) return known;
  const cameHere = inputs.current !== current;
  const wasReady = (known?.readyReplicas ?? 0) > 0 || (inputs.fleets.get(current)?.ready ?? 0) > 0;
  if (!cameHere || wasReady) return undefined;
  const now = timestamp(inputs.now);
  const { revision, startedAt, lastProgressTime } = known ?? {
    revision: current,
    startedAt: now,
    lastProgressTime: now,
  };
  return { revision, startedAt, lastProgressTime };
}

/** When the change has had no progress for too long, in milliseconds since the epoch. */
export function deadline(inputs: RolloutInputs): number {
  return Date.parse(progressOf(inputs).lastProgressTime) + inputs.limits.progressDeadlineMs;
}
