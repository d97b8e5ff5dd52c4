import type { Model } from "../operator/api/model.ts";

/** What a model says of itself in one line; the same text as long as nothing happened. */
export function progressOf(model: Model): string {
  const { status, spec } = model;
  const ready = status?.conditions?.find((condition) => condition.type === "Ready");
  if (ready === undefined) return "waiting for the operator to take note";
  const pods = `${status?.readyReplicas ?? 0} of ${spec.replicas} pods in service ready`;
  const serves = status?.currentVersion === undefined ? "nothing serves yet" : `${status.currentVersion} serves`;
  const why = ready.status === "True" ? "" : `: ${ready.message}`;
  return `${serves}, ${pods}, Ready=${ready.status} ${ready.reason}${why}`;
}

/** Whether the model is all that its spec says now, in the given version and with every pod. */
export function hasReached(model: Model, version: string): boolean {
  const { status } = model;
  const ready = status?.conditions?.find((condition) => condition.type === "Ready");
  return (
    ready?.status === "True" &&
    status?.observedGeneration === model.metadata.generation &&
    status?.currentVersion === version &&
    status.readyReplicas === model.spec.replicas
  );
}

/** Why waiting is of no use: somebody has to act first. */
export function stalledBecause(model: Model): string | undefined {
  const stalled = model.status?.conditions?.find((condition) => condition.type === "Stalled");
  return stalled?.status === "True" ? `${stalled.reason}: ${stalled.message}` : undefined;
}
