import assert from "node:assert/strict";
import { test } from "node:test";
import type { Drift } from "../../api/model.ts";
import { contestWakeTimes, decideContest, isContested, rememberedDrift } from "./contest.ts";

const start = Date.UTC(2026, 0, 1);
const minute = 60_000;
const [object, field] = ["Service/demo", "spec.ports"];

/** A rival that edits the field every `everyMs` from the start on, against the operator, in virtual time. */
function quarrel(everyMs: number, forMs: number): { readonly putBack: readonly number[]; readonly contested: string } {
  let known: readonly Drift[] = [];
  const putBack: number[] = [];
  let contested = "";
  for (let at = 0; at <= forMs; at += everyMs) {
    const now = start + at;
    const decision = decideContest(object, field, "rival", known, now);
    if (decision.correct) putBack.push(at);
    else assert.equal(contestWakeTimes(decision.drift, now).length, 2, "the next put-back, and peace");
    known = rememberedDrift(known, [decision], now);
    contested += isContested(known[0]?.times ?? [], now) ? "c" : "-";
  }
  return { putBack, contested };
}

test("three times in ten minutes at once, then once in five minutes for as long as it goes on", () => {
  const { putBack, contested } = quarrel(500, 60 * minute);
  assert.deepEqual(putBack.slice(0, 3), [0, 500, 1_000]);
  const later = putBack.slice(3);
  assert.ok(later.length >= 11 && later.length <= 12, `${later.length}`);
  for (const [index, at] of later.entries()) {
    const gap = at - (putBack[index + 2] ?? 0);
    // Times are kept to the second, so the pause may be shorter by the part that was cut off.
    assert.ok(gap >= 5 * minute - 1_000 && gap <= 5 * minute + 1_000, `${gap}`);
  }
  assert.match(contested, /^--c+$/, "the condition does not flap while it goes on");
});

test("an edit every six minutes is put back at once, ever and ever, and is no quarrel", () => {
  const { putBack, contested } = quarrel(6 * minute, 120 * minute);
  assert.equal(putBack.length, 21);
  assert.match(contested, /^-+$/);
});

test("a rival with a longer breath than the window is put back at once", () => {
  assert.equal(quarrel(11 * minute, 110 * minute).putBack.length, 11);
});

test("ten minutes of peace end it", () => {
  const times = ["2026-01-01T00:00:00Z", "2026-01-01T00:09:50Z", "2026-01-01T00:09:58Z"];
  const last = Date.parse(times[2] ?? "");
  assert.equal(isContested(times, last), true);
  assert.equal(isContested(times, start + 10 * minute), true, "the first is long ago, the last was just now");
  assert.equal(isContested(times, last + 10 * minute - 1), true);
  assert.equal(isContested(times, last + 10 * minute), false);
  const decision = decideContest(object, field, "rival", [{ object, field, times }], last + 10 * minute);
  assert.equal(decision.correct, true);
});

test("another field, and the same field of another object, are other matters", () => {
  const times = ["2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", "2026-01-01T00:00:02Z"];
  const known = [{ object, field, times }];
  const now = start + 3_000;
  assert.equal(decideContest(object, field, "rival", known, now).correct, false);
  assert.equal(decideContest(object, "spec.type", "rival", known, now).correct, true);
  assert.equal(decideContest("Service/other", field, "rival", known, now).correct, true);
});

test("while it is left alone, what is known of it does not change, whoever edits", () => {
  const times = ["2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", "2026-01-01T00:00:02Z"];
  const known = { object, field, manager: "first", times };
  const decision = decideContest(object, field, "second", [known], start + 3_000);
  assert.deepEqual(decision.drift, known);
  assert.deepEqual(contestWakeTimes(known, start + 3_000), [start + 2_000 + 5 * minute, start + 2_000 + 10 * minute]);
});

test("what is remembered is young, the newest first, and not more than the bound", () => {
  const kept = (everyMs: number): readonly string[] => {
    const drifts = Array.from({ length: 30 }, (_, index) => ({
      object,
      field: `f${index}`,
      times: [new Date(start + index * everyMs).toISOString()],
    }));
    return rememberedDrift(drifts, [], start + 29 * everyMs).map(({ field: name }) => name);
  };
  const newestFirst = Array.from({ length: 30 }, (_, index) => `f${29 - index}`);
  assert.deepEqual(kept(minute), newestFirst.slice(0, 10));
  assert.deepEqual(kept(minute / 6), newestFirst.slice(0, 16));
});
