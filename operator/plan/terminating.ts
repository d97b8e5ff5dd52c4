/** Pods on their way out: they hold what they have, be it a GPU or the right to be alone, until their kubelet says so. */
import { timestamp } from "../api/conditions.ts";
import type { Observed, ObservedPod } from "./observed.ts";
import type { RolloutDecision } from "./rollout.ts";

/** A pod that is waited for. */
export interface LeavingPod {
  readonly pod: ObservedPod;
  /** It should have ended a while ago: mostly its node is lost, and nobody but a person can know that. */
  readonly stuck: boolean;
}

/** After its grace a kubelet kills what still runs, which with the removal of its volumes takes seconds. */
const stuckAfterMs = 30_000;

/**
 * The pod that holds a change up: with Recreate any of another revision, as the target waits for all of them; else one
 * that is stuck, as it may hold what others wait for. The one that has been going for longest speaks, by name where equal.
 */
export function leavingPod(
  { pods, now }: Pick<Observed, "pods" | "now">,
  { step }: Pick<RolloutDecision, "step">,
  target: string,
): LeavingPod | undefined {
  const awaited = pods
    .flatMap((pod): LeavingPod[] =>
      pod.leaving === undefined ? [] : [{ pod, stuck: now >= pod.leaving.until + stuckAfterMs }],
    )
    .filter(({ pod, stuck }) => stuck || (step === "Recreating" && pod.revision !== target));
  return awaited.toSorted(
    (left, right) => sinceOf(left) - sinceOf(right) || (left.pod.name < right.pod.name ? -1 : 1),
  )[0];
}

/** When a pod that leaves will be called stuck, in milliseconds since the epoch. */
export function stuckTimes(pods: readonly ObservedPod[]): number[] {
  return pods.flatMap(({ leaving }) => (leaving === undefined ? [] : [leaving.until + stuckAfterMs]));
}

export function leavingText({ pod, stuck }: LeavingPod): string {
  const node = pod.node === "" ? "" : ` on node ${pod.node}`;
  const since = pod.leaving === undefined ? "" : ` since ${timestamp(pod.leaving.since)}`;
  const text = `waits for pod ${pod.name} of ${pod.version}, Terminating${since}${node}`;
  return stuck
    ? `${text}: it should have ended long ago, so the node may be lost. Once you know that the pod does not run any more: kubectl delete pod ${pod.name} --force`
    : text;
}

function sinceOf({ pod }: LeavingPod): number {
  return pod.leaving?.since ?? 0;
}
