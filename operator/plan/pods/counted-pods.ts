import type { ObservedPod } from "../observed.ts";

/**
 * Most pods turn ready soon after they appear. Until they do, or this is over, status does not count them, so that it
 * is written once for both; nothing is decided by these numbers.
 */
const newPodMs = 5_000;

/** The pods that status counts: all but those that have just appeared. */
export function countedPods(pods: readonly ObservedPod[], now: number): readonly ObservedPod[] {
  return pods.filter((pod) => countedAt(pod, now) === undefined);
}

/** When the next pod begins to count; undefined when all do. */
export function nextCountedAt(pods: readonly ObservedPod[], now: number): number | undefined {
  const times = pods.flatMap((pod) => countedAt(pod, now) ?? []);
  return times.length === 0 ? undefined : Math.min(...times);
}

/** Undefined: it counts now. So does one that comes from the future, as the clocks then tell nothing of its age. */
function countedAt({ ready, deleting, createdAt }: ObservedPod, now: number): number | undefined {
  const isNew = !ready && !deleting && createdAt <= now && now < createdAt + newPodMs;
  return isNew ? createdAt + newPodMs : undefined;
}
