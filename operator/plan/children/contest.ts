import { timestamp } from "../../api/conditions.ts";
import type { Drift } from "../../api/model.ts";

/**
 * Whether to put a field back that somebody changed. Three times within the window at once; after that once in five
 * minutes, so that two controllers with different ideas do not keep each other busy, until there has been peace for a
 * whole window. Kept in status, as a restart must not begin the quarrel anew.
 */
export interface ContestDecision {
  /** Put it back now. */
  readonly correct: boolean;
  readonly drift: Drift;
}

const contestWindowMs = 10 * 60_000;
const contestBackoffMs = 5 * 60_000;
const contestLimit = 3;
/** So many fields are remembered at the most; the CRD bounds the list. */
const mostRemembered = 16;
/** Times are kept to the second, and a put-back comes a little after it may. */
const slackMs = 10_000;

export function decideContest(
  object: string,
  field: string,
  manager: string | undefined,
  known: readonly Drift[],
  now: number,
): ContestDecision {
  const before = known.find((drift) => drift.object === object && drift.field === field);
  const times = before?.times ?? [];
  const identity = { object, field, ...(manager === undefined ? {} : { manager }) };
  const last = times.at(-1);
  if (before !== undefined && last !== undefined && isContested(times, now)) {
    // As it was, whoever it is this time: a status that names each of many rivals would be written at their pace.
    if (now < Date.parse(last) + contestBackoffMs) return { correct: false, drift: before };
  }
  return { correct: true, drift: { ...identity, times: [...times, timestamp(now)].slice(-contestLimit) } };
}

/** The last three put-backs are within one window, and the last of them is not a window ago. */
export function isContested(times: readonly string[], now: number): boolean {
  const first = Date.parse(times.at(-contestLimit) ?? "");
  const last = Date.parse(times.at(-1) ?? "");
  return last - first <= contestWindowMs + slackMs && now < last + contestWindowMs;
}

/** What is still worth remembering after a pass, the newest first to stay within the bound. */
export function rememberedDrift(
  known: readonly Drift[],
  contests: readonly ContestDecision[],
  now: number,
): readonly Drift[] {
  const fresh = contests.map(({ drift }) => drift);
  const isReplaced = (old: Drift): boolean =>
    fresh.some(({ object, field }) => object === old.object && field === old.field);
  return [...fresh, ...known.filter((old) => !isReplaced(old))]
    .filter((drift) => drift.times.some((time) => now - Date.parse(time) < contestWindowMs))
    .toSorted((left, right) => lastTime(right) - lastTime(left))
    .slice(0, mostRemembered);
}

/** When a contested field may be put back again, and when the quarrel is forgotten. */
export function contestWakeTimes(drift: Drift, now: number): number[] {
  if (!isContested(drift.times, now)) return [];
  const last = lastTime(drift);
  return [last + contestBackoffMs, last + contestWindowMs].filter((time) => time > now);
}

/**
 * Who changes it, in words. Where no manager wrote after us, it is changed in the course of our own write, or by somebody
 * who leaves no name.
 */
export function rivalText({ manager }: Drift): string {
  return manager ?? "admission (a policy or a webhook) or a manager without a name";
}

function lastTime(drift: Drift): number {
  return Date.parse(drift.times.at(-1) ?? "");
}
