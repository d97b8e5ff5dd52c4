import { valueAt } from "../../api/json.ts";
import { recordOf, revisionOfChild } from "../pods/fleet.ts";
import type { ObservedChild } from "../observed.ts";

/** As many as a Deployment keeps by default (spec.revisionHistoryLimit). */
export const historyLimit = 10;

export function nextRevisionNumber(history: readonly ObservedChild[]): number {
  return Math.max(0, ...history.map(revisionNumber)) + 1;
}

/** The oldest records above the limit; never one of a revision that is in use, however many those are. */
export function expiredHistory(
  history: readonly ObservedChild[],
  inUse: ReadonlySet<string>,
): readonly ObservedChild[] {
  const staying = history.filter((child) => !child.deleting);
  const excess = staying.length - historyLimit;
  if (excess <= 0) return [];
  return staying
    .filter((child) => !inUse.has(revisionOfChild(child)))
    .toSorted((left, right) => revisionNumber(left) - revisionNumber(right))
    .slice(0, excess);
}

/** Place of a revision in the history; undefined when it is not in it. */
export function historyNumber(history: readonly ObservedChild[], revision: string): number | undefined {
  const record = recordOf(history, revision);
  return record === undefined ? undefined : revisionNumber(record);
}

function revisionNumber(child: ObservedChild): number {
  const number = valueAt(child.object, "revision");
  return typeof number === "number" ? number : 0;
}
