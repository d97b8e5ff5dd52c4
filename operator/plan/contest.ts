import { timestamp } from "../api/conditions.ts";
import type { Drift } from "../api/model.ts";

/**
 * Whether to put a field back that somebody changed. Three times within the window at once; after that once in five
 * minutes, so that two controllers with different ideas do not keep each other busy. Kept in status, as a restart
 * must not begin the quarrel anew.
 */
export interface ContestDecision {
  /** Put it back now. */
  readonly correct: boolean;
  readonly drift: Drift;
  /** When it may be put back again; undefined when it is put back now. */
  readonly retryAt: number | undefined;
}

export const contestWindowMs = 10 * 60_000;
export const contestBackoffMs = 5 * 60_000;
export const contestLimit = 3;

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
  if (last !== undefined && isContested(times, now) && now < Date.parse(last) + contestBackoffMs) {
    return { correct: false, drift: { ...identity, times }, retryAt: Date.parse(last) + contestBackoffMs };
  }
  return {
    correct: true,
    drift: { ...identity, times: [...times, timestamp(now)].slice(-contestLimit) },
    retryAt: undefined,
  };
}

export function isContested(times: readonly string[], now: number): boolean {
  return times.length >= contestLimit && times.every((time) => now - Date.parse(time) < contestWindowMs);
}

/** What is still worth remembering, the newest first to stay within the bound. */
export function rememberedDrift(known: readonly Drift[], now: number, most: number): Drift[] {
  return known
    .filter((drift) => drift.times.some((time) => now - Date.parse(time) < contestWindowMs))
    .toSorted((left, right) => (right.times.at(-1) ?? "").localeCompare(left.times.at(-1) ?? ""))
    .slice(0, most);
}
