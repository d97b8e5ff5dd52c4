import { apply } from "./apply.ts";
import type { Client } from "./kube/transport/client.ts";
import type { Result } from "./kube/control/controller.ts";
import type { EventRecorder } from "./kube/events.ts";
import { type Staleness, staleRequeueMs } from "./kube/watch/staleness.ts";
import { type Caches, observe } from "./observe.ts";
import type { BuildDefaults, ObservedReport } from "./plan/observed.ts";
import { planModel } from "./plan/plan.ts";

export interface ReconcileDependencies {
  readonly caches: Caches;
  readonly client: Client;
  readonly staleness: Staleness;
  readonly events: EventRecorder;
  readonly defaults: BuildDefaults;
  /** What a pod told when it was asked last. */
  readonly reportOf: (podUid: string) => ObservedReport;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** A name that is taken, or a refusal, ends by an act of somebody whom no watch of ours sees. */
const problemRecheckMs = 30_000;

/** One pass over one model: observe, plan, apply. */
export function createReconcile(dependencies: ReconcileDependencies) {
  const { caches, staleness, defaults, reportOf, now } = dependencies;
  return async (key: string, signal: AbortSignal): Promise<Result> => {
    if (staleness.unseen(key).length > 0) return { kind: "after", ms: staleRequeueMs };
    const observed = observe(key, caches, now(), defaults, reportOf);
    if (observed === undefined) {
      staleness.forget(key);
      return { kind: "done" };
    }
    const plan = planModel(observed);
    if (plan === undefined) return { kind: "done" };
    const problems = await apply(observed.model, plan, { ...dependencies, signal });
    const recheckMs = problems.length > 0 ? problemRecheckMs : Infinity;
    const afterMs = Math.min(plan.wakeAfterMs ?? Infinity, recheckMs);
    return afterMs === Infinity ? { kind: "done" } : { kind: "after", ms: afterMs };
  };
}
