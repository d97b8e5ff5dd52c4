/** What the steps of a rollout ask about where it stands. */
import type { Fleet } from "../pods/fleet.ts";
import type { RolloutInputs } from "./rollout-inputs.ts";

/** Going back to a revision that is still warm needs no waiting. */
export function isWarm(inputs: RolloutInputs): boolean {
  const fleet = inputs.fleets.get(inputs.target.revision);
  return inputs.previous?.revision === inputs.target.revision && (fleet?.available ?? 0) > 0;
}

/** Nothing of the current revision is ready: whatever the target has is more than waiting for all of it. */
export function isBetterThan(inputs: RolloutInputs, current: string): boolean {
  const available = inputs.fleets.get(inputs.target.revision)?.available ?? 0;
  return inputs.resolved && available > 0 && (inputs.fleets.get(current)?.ready ?? 0) === 0;
}

/**
 * Only where traffic will be shared, or is: a revision beside current and target that has pods, or will have, since
 * pods on their way out still answer but get no new connections and do not count.
 */
export function isThirdInTheWay(inputs: RolloutInputs, current: string): boolean {
  const shares = inputs.limits.surge < inputs.limits.replicas || inputs.shared;
  if (!shares) return false;
  return [...inputs.fleets.values()].some(
    (fleet) =>
      fleet.revision !== current &&
      fleet.revision !== inputs.target.revision &&
      (fleet.pods.length > 0 || fleet.desired > 0),
  );
}

/** The revision that shares the Service with the current one: the one with the most ready pods, by name where equal. */
export function sharingPartner(inputs: RolloutInputs, current: string): Fleet | undefined {
  return [...inputs.fleets.values()]
    .filter((fleet) => fleet.revision !== current && fleet.ready > 0)
    .toSorted((left, right) => right.ready - left.ready || (left.revision < right.revision ? -1 : 1))[0];
}

/** It has pods, also ones on their way out, or is about to make some. */
export function occupies(fleet: Fleet | undefined): boolean {
  return fleet !== undefined && fleet.pods.length + fleet.terminating + fleet.desired > 0;
}

/**
 * Digest unknown: one pod finds it out before the rest download anything. Where there are more pods already, the
 * record was lost under them, which is no reason to take them away.
 */
export function firstReplicas(inputs: RolloutInputs): number {
  const { replicas } = inputs.limits;
  const desired = inputs.fleets.get(inputs.target.revision)?.desired ?? 0;
  return inputs.resolved ? replicas : Math.min(replicas, Math.max(1, desired));
}

export function earliest(...times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
