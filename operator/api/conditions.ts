import type { Condition } from "./model.ts";

/** Every model carries all of these at all times, whatever its mode, so that health checks need no special case. */
export const conditionTypes = ["Ready", "Available", "Reconciling", "Stalled", "Contested"] as const;

export type ConditionType = (typeof conditionTypes)[number];

export interface Finding {
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
}

/**
 * The conditions as the API has them. lastTransitionTime moves only when status does (API conventions, "Typical
 * status properties"), so an unchanged finding gives an unchanged condition and no write.
 */
export function conditionsOf(
  findings: Readonly<Record<ConditionType, Finding>>,
  before: readonly Condition[] | undefined,
  generation: number,
  now: number,
): Condition[] {
  return conditionTypes.map((type) => {
    const finding = findings[type];
    const last = before?.find((condition) => condition.type === type);
    return {
      type,
      status: finding.status,
      reason: finding.reason,
      message: finding.message,
      lastTransitionTime: last?.status === finding.status ? last.lastTransitionTime : timestamp(now),
      observedGeneration: generation,
    };
  });
}

/** Kubernetes keeps times to the second. */
export function timestamp(now: number): string {
  return `${new Date(now).toISOString().slice(0, 19)}Z`;
}
