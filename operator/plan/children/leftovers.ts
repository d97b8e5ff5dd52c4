import { kinds } from "../../api/kinds.ts";
import type { Write } from "./children.ts";
import { newestFirst } from "../pods/ended-pods.ts";
import { revisionOfChild } from "../pods/fleet.ts";
import { expiredHistory } from "../revision/history.ts";
import type { Observed } from "../observed.ts";
import type { RolloutDecision } from "../rollout/rollout.ts";

/**
 * So many pods that their nodes put an end to are left lying, for `kubectl describe`: Kubernetes clears them away only
 * when a whole cluster has thousands, and a model that is evicted every minute would fill every list.
 */
const mostEndedPods = 3;

/** What has no part any more: Deployments, history above its limit, children of fields that are gone, pods that ended. */
export function leftovers(observed: Observed, decision: RolloutDecision, target: string): Write[] {
  const deployments = observed.deployments.filter(
    (child) => !decision.replicas.has(revisionOfChild(child)) && !child.deleting,
  );
  const inUse = new Set([
    target,
    ...(decision.current === undefined ? [] : [decision.current]),
    ...decision.replicas.keys(),
    ...observed.deployments.map(revisionOfChild),
  ]);
  const history = expiredHistory(observed.controllerRevisions, inUse);
  const { horizontalPodAutoscaler, networkPolicy, model } = observed;
  const unwanted = [
    ...(model.spec.scaling === undefined && horizontalPodAutoscaler?.deleting === false
      ? [{ kind: kinds.horizontalPodAutoscaler, child: horizontalPodAutoscaler }]
      : []),
    ...(model.spec.networkPolicy === undefined && networkPolicy?.deleting === false
      ? [{ kind: kinds.networkPolicy, child: networkPolicy }]
      : []),
  ];
  const ended = observed.endedPods.toSorted(newestFirst).slice(mostEndedPods);
  return [
    ...unwanted,
    ...ended.map((child) => ({ kind: kinds.pod, child })),
    ...deployments.map((child) => ({ kind: kinds.deployment, child })),
    ...history.map((child) => ({ kind: kinds.controllerRevision, child })),
  ].map(({ kind, child }) => ({ phase: "release", verb: "delete", kind, name: child.name, uid: child.uid }));
}
