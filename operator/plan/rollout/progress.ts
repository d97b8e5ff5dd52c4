import { timestamp } from "../../api/conditions.ts";
import type { RolloutStatus } from "../../api/model.ts";
import type { ObservedPod } from "../observed.ts";
import type { RolloutInputs } from "./rollout-inputs.ts";

/**
 * The record of the change under way: a new one for a new target, moved on whenever more of it has fetched the model, or
 * is ready, than ever. Only what is more than ever counts: pods that are made again and again must reach a deadline.
 */
export function progressOf(inputs: RolloutInputs): RolloutStatus {
  const { ready = 0, desired = 0, pods = [] } = inputs.fleets.get(inputs.target.revision) ?? {};
  const fetched = pods.filter(hasFetched).length;
  const known = inputs.progress?.revision === inputs.target.revision ? inputs.progress : undefined;
  const now = timestamp(inputs.now);
  if (known === undefined) {
    const counts = { readyReplicas: ready, fetchedReplicas: fetched };
    return { revision: inputs.target.revision, startedAt: now, lastProgressTime: now, ...counts };
  }
  const moreReady = ready > (known.readyReplicas ?? 0);
  const moreFetched = fetched > (known.fetchedReplicas ?? 0);
  if (moreReady || moreFetched) {
    return {
      ...known,
      lastProgressTime: now,
      ...(moreReady ? { readyReplicas: ready } : {}),
      ...(moreFetched ? { fetchedReplicas: fetched } : {}),
    };
  }
  // Nothing was expected of it yet, at 0 replicas or while Recreate waits for other pods to end: its time begins with its
  // first pods.
  const waits = inputs.strategy === "Recreate" && pods.length === 0;
  return desired === 0 && (known.readyReplicas === undefined || waits) ? { ...known, lastProgressTime: now } : known;
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
  return Date.parse(progressOf(inputs).lastProgressTime) + patienceMs(inputs);
}

/** How long the target may go without progress: a download that runs has a limit of its own, which comes on top. */
export function patienceMs(inputs: Pick<RolloutInputs, "fleets" | "target" | "limits" | "current">): number {
  const { limits } = inputs;
  const pods = inputs.fleets.get(inputs.target.revision)?.pods ?? [];
  // A target that replaces nothing is tried on after its deadline: one that fails again and again must not leave the
  // state of being overdue for as long as each attempt takes.
  const counts = replaces(inputs) ? isFetching : isFetchingAtFirst;
  return limits.progressDeadlineMs + (pods.some(counts) ? limits.fetchMs : 0);
}

/** Another revision serves, and goes on if the target comes to nothing. */
export function replaces({ current, target }: Pick<RolloutInputs, "current" | "target">): boolean {
  return current !== undefined && current !== target.revision;
}

export function isFetching({ fetch }: ObservedPod): boolean {
  return fetch.state === "running";
}

function isFetchingAtFirst(pod: ObservedPod): boolean {
  return isFetching(pod) && (pod.fetch.termination?.exitCode ?? 0) === 0;
}

function hasFetched({ fetch }: ObservedPod): boolean {
  return fetch.state === "terminated" && fetch.termination?.exitCode === 0;
}
