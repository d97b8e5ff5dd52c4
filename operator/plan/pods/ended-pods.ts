import type { Failure } from "./failures.ts";
import type { EndedPod, ObservedPod } from "../observed.ts";

export interface EndInputs {
  readonly ended: readonly EndedPod[];
  /** The pods of the same revision that live. */
  readonly alive: readonly ObservedPod[];
  /** Replicas that are wanted of the revision. */
  readonly desired: number;
  readonly now: number;
  /** The time in which a revision has to get on: what came to an end before is not why it does not. */
  readonly progressDeadlineMs: number;
}

/**
 * Why a revision is short of pods, by the last of them that was put an end to. Such a pod lies there until somebody
 * deletes it, so it must be told when it has nothing to say any more: as soon as there are pods enough, or one has
 * turned ready since.
 */
export function endedFailure({ ended, alive, desired, now, progressDeadlineMs }: EndInputs): Failure | undefined {
  if (alive.filter((pod) => pod.ready).length >= desired) return undefined;
  const readySince = Math.max(...alive.map((pod) => pod.readySince ?? 0));
  const last = lastEnd(ended, Math.max(readySince, now - progressDeadlineMs + 1));
  return last && failureOfEnd(last);
}

/** The last of them that was put an end to, at `since` or later; in milliseconds since the epoch. */
export function lastEnd(ended: readonly EndedPod[], since: number): EndedPod | undefined {
  return ended.filter(({ failed, at }) => failed && at >= since).toSorted(newestFirst)[0];
}

/** Times are kept to the second. By name where all are equal, so that the same one speaks in every pass. */
export function newestFirst(left: EndedPod, right: EndedPod): number {
  return right.at - left.at || right.createdAt - left.createdAt || (left.name < right.name ? -1 : 1);
}

/**
 * The kubelet's word alone: how the containers ended is no more than its signal, and a report that one of them left
 * before is of a failure that it was to be restarted after.
 */
export function failureOfEnd({ name, reason, message }: EndedPod): Failure {
  const words = message === "" ? "without a word: see kubectl get events" : message;
  const evicted = reason === "Evicted";
  return {
    stage: "Schedule",
    reason: evicted ? "Evicted" : "PodFailed",
    message: evicted
      ? `the node evicted the pod: ${words}`
      : `the pod was put an end to${reason === "" ? "" : ` (${reason})`}: ${words}`,
    pod: name,
    permanent: false,
  };
}
