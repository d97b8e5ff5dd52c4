/** Pods on their way out: they hold what they have, be it a GPU or the right to be alone, until their kubelet says so. */
import { timestamp } from "../../api/conditions.ts";
import type { Observed, ObservedPod } from "../observed.ts";
import type { RolloutDecision } from "../rollout/rollout.ts";

/** A pod on its way out that matters to what is to come. */
export interface LeavingPod {
  readonly pod: ObservedPod;
  /** Nothing goes on before it has ended. */
  readonly awaited: boolean;
  /** It should have ended a while ago: mostly its node is lost, and nobody but a person can know that. */
  readonly stuck: boolean;
}

/** After its grace a kubelet kills what still runs, which with the removal of its volumes takes seconds. */
const stuckAfterMs = 30_000;

/**
 * With Recreate any pod of another revision, as the target waits for all of them; else, where pods find no room, one that is
 * stuck, as it may have what they lack. The one that has been going for longest speaks, by name where equal.
 */
export function leavingPod(
  { pods, now }: Pick<Observed, "pods" | "now">,
  { step }: Pick<RolloutDecision, "step">,
  target: string,
  lacksRoom: boolean,
): LeavingPod | undefined {
  const leaving = pods
    .flatMap((pod): LeavingPod[] => {
      if (pod.leaving === undefined) return [];
      const awaited = step === "Recreating" && pod.revision !== target;
      return [{ pod, awaited, stuck: now >= pod.leaving.until + stuckAfterMs }];
    })
    .filter(({ awaited, stuck }) => awaited || (lacksRoom && stuck));
  return leaving.toSorted(
    (left, right) => sinceOf(left) - sinceOf(right) || (left.pod.name < right.pod.name ? -1 : 1),
  )[0];
}

/** When a pod that leaves will be called stuck, in milliseconds since the epoch. */
export function stuckTimes(pods: readonly ObservedPod[]): number[] {
  return pods.flatMap(({ leaving }) => (leaving === undefined ? [] : [leaving.until + stuckAfterMs]));
}

export function leavingText({ pod, awaited, stuck }: LeavingPod): string {
  const node = pod.node === "" ? "" : ` on node ${pod.node}`;
  const since = pod.leaving === undefined ? "" : ` since ${timestamp(pod.leaving.since)}`;
  const what = `pod ${pod.name} of ${pod.version}`;
  const text = awaited
    ? `waits for ${what}, Terminating${since}${node}`
    : `${what} keeps its place, Terminating${since}${node}`;
  return stuck
    ? `${text}: it should have ended long ago, so the node may be lost. Once you know that the pod does not run any more: kubectl delete pod ${pod.name} --force`
    : text;
}

function sinceOf({ pod }: LeavingPod): number {
  return pod.leaving?.since ?? 0;
}
