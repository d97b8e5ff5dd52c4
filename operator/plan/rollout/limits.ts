import type { Spec } from "../../api/model.ts";
import { timing } from "../../../server/contract.ts";

/** spec.rollout in pods and milliseconds, for a given number of replicas. */
export interface Limits {
  readonly replicas: number;
  /** Pods above `replicas` that a change may add. */
  readonly surge: number;
  /** Pods that may be missing from `replicas` during a change. */
  readonly unavailable: number;
  /** From the last progress on; a pod's wait for minReadySeconds is no lack of it. */
  readonly progressDeadlineMs: number;
  /** What one attempt to fetch the model may take; the fetch step ends itself by then. */
  readonly fetchMs: number;
  readonly keepPreviousMs: number;
}

/**
 * Percentages as a Deployment has them: surge rounds up, unavailable down, and when both come to 0 one pod may be
 * missing, or nothing could ever move.
 */
export function limitsOf(spec: Spec): Limits {
  const replicas = spec.replicas;
  const surge = Math.ceil(podsOf(spec.rollout.maxSurge, replicas));
  const unavailable = Math.floor(podsOf(spec.rollout.maxUnavailable, replicas));
  return {
    replicas,
    surge,
    unavailable: surge === 0 && unavailable === 0 ? 1 : Math.min(unavailable, replicas),
    progressDeadlineMs: (spec.rollout.progressDeadlineSeconds + spec.rollout.minReadySeconds) * 1000,
    fetchMs: (spec.source?.timeoutSeconds ?? timing.fetchSeconds) * 1000,
    // With Recreate the one that served is gone before the next one is there.
    keepPreviousMs:
      spec.rollout.strategy === "Recreate" ? 0 : (spec.rollout.keepPreviousSeconds ?? defaultKeepSeconds(spec)) * 1000,
  };
}

/** A warm GPU is dear; warm CPU pods mostly cost memory. */
function defaultKeepSeconds(spec: Spec): number {
  return spec.gpu === undefined ? 300 : 0;
}

function podsOf(value: number | string, replicas: number): number {
  if (typeof value === "number") return value;
  const number = Number.parseInt(value, 10);
  return value.endsWith("%") ? (number * replicas) / 100 : number;
}
