import type { Status } from "../../operator/api/model.ts";
import { phases, type Write } from "../../operator/plan/children/children.ts";
import { allDone, type Plan, planModel } from "../../operator/plan/plan.ts";
import { gotOn, observe, type PaperCluster, written } from "./cluster.ts";

/** One pass of the operator that does something, and what it was that made it possible. */
export interface Step {
  readonly when: "now" | "then" | "pods are ready" | { readonly afterSeconds: number };
  /** What was there when the pass began. */
  readonly before: PaperCluster;
  /** What the pass is for, in the operator's words. */
  readonly why: string;
  readonly writes: readonly Write[];
  readonly announcements: ReturnType<Plan["announcements"]>;
  readonly status: Status;
}

export interface Rehearsal {
  readonly steps: readonly Step[];
  /** What there is when nothing is left to do, or where following it ended. */
  readonly end: PaperCluster;
  readonly isComplete: boolean;
}

/** A change has a dozen, one that exchanges pods singly two for each; of the largest only the beginning is followed. */
const mostPasses = 400;

/**
 * Follows the operator's plan until nothing is left to do, with pods that all turn ready. What a failing pod brings is
 * not foreseen here: then what served before serves on.
 */
export function rehearse(start: PaperCluster): Rehearsal {
  const steps: Step[] = [];
  let cluster = start;
  let when: Step["when"] = "now";
  let waitedMs = 0;
  for (let pass = 0; pass < mostPasses; pass += 1) {
    const plan = planModel(observe(cluster));
    if (plan === undefined) return { steps, end: cluster, isComplete: true };
    const writes = phases.flatMap((phase) => plan.writes.filter((write) => write.phase === phase));
    const status = plan.status(allDone);
    const announcements = plan.announcements(allDone, status);
    if (writes.length > 0 || announcements.length > 0) {
      steps.push({ when, why: plan.why[0] ?? "", before: cluster, writes, announcements, status });
      when = "then";
      waitedMs = 0;
    }
    const after: PaperCluster = writes.reduce(written, cluster);
    cluster = { ...after, model: { ...after.model, status } };
    if (writes.length > 0) continue;
    const next = gotOn(cluster);
    if (next !== cluster) {
      cluster = next;
      when = "pods are ready";
    } else if (plan.wakeAfterMs !== undefined) {
      cluster = { ...cluster, now: cluster.now + plan.wakeAfterMs };
      waitedMs += plan.wakeAfterMs;
      when = { afterSeconds: Math.round(waitedMs / 1000) };
    } else return { steps, end: cluster, isComplete: true };
  }
  return { steps, end: cluster, isComplete: false };
}
