import { labels } from "../../../operator/api/names.ts";
import type { Bench } from "../../e2e/bench.ts";
import { type Pod, watchPods } from "../../e2e/pods.ts";

/**
 * When a pod was first seen, as `created`, and when each of its conditions was first seen True: PodScheduled,
 * PodReadyToStartContainers, Initialized, ContainersReady, Ready. Milliseconds since the epoch, by the watch of whoever
 * looks: Kubernetes' own times are to the second.
 */
export type Phases = Readonly<Record<string, number>>;

export interface PodPhases {
  /** Of the model's one pod; empty as long as none was seen. */
  of(model: string): Phases;
  stop(): Promise<void>;
}

export async function followPhases(bench: Bench): Promise<PodPhases> {
  const seen = new Map<string, Phases>();
  const stop = await watchPods(bench, (pod) => {
    const model = pod.metadata.labels?.[labels.model] ?? "";
    seen.set(model, withPod(seen.get(model) ?? {}, pod, Date.now()));
  });
  return { of: (model) => seen.get(model) ?? {}, stop };
}

/** What was seen before keeps its time. */
export function withPod(before: Phases, pod: Pick<Pod, "status">, nowMs: number): Phases {
  const holding = (pod.status.conditions ?? []).filter(({ status }) => status === "True").map(({ type }) => type);
  const now = Object.fromEntries(["created", ...holding].map((type) => [type, nowMs]));
  return { ...now, ...before };
}

/** Each phase by the milliseconds from `startMs`, in the order in which they came. */
export function sinceStart(phases: Phases, startMs: number): Record<string, number> {
  const entries = Object.entries(phases).toSorted(([, left], [, right]) => left - right);
  return Object.fromEntries(entries.map(([type, ms]) => [type, ms - startMs]));
}
