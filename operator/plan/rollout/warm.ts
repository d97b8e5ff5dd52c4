import type { PreviousStatus } from "../../api/model.ts";
import type { RolloutInputs } from "./rollout-inputs.ts";

/** Time for every kube-proxy to follow a changed selector before pods that it pointed to may go. */
const propagationMs = 5_000;

/**
 * The revision that served before: at the target's replicas where a change takes a full second set anyway, else at
 * what the surge leaves room for. It yields at once when a wanted pod finds no node, and is never resized before
 * every kube-proxy has followed.
 */
export function warmPrevious(
  inputs: RolloutInputs,
  current: string,
  previous: PreviousStatus | undefined,
): {
  readonly replicas: readonly (readonly [string, number])[];
  readonly previous: PreviousStatus | undefined;
  readonly expiresAt: number | undefined;
} {
  const gone = { replicas: [], previous: undefined, expiresAt: undefined };
  const fleet = previous === undefined ? undefined : inputs.fleets.get(previous.revision);
  if (previous === undefined || fleet === undefined || previous.revision === current) return gone;
  const { limits, now } = inputs;
  const since = Date.parse(previous.since);
  const settledAt = since + propagationMs;
  if (now < settledAt) {
    return { replicas: [[previous.revision, fleet.desired]], previous, expiresAt: settledAt };
  }
  const expiresAt = since + limits.keepPreviousMs;
  const room = limits.surge >= limits.replicas ? limits.replicas : Math.min(fleet.desired, limits.surge);
  if (now >= expiresAt || room === 0 || isShortOfRoom(inputs, previous.revision)) return gone;
  return { replicas: [[previous.revision, room]], previous, expiresAt };
}

function isShortOfRoom(inputs: RolloutInputs, except: string): boolean {
  return [...inputs.fleets.values()].some(
    (fleet) => fleet.revision !== except && fleet.pods.some((pod) => pod.unschedulable !== undefined),
  );
}
