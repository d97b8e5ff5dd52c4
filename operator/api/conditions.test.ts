import assert from "node:assert/strict";
import { test } from "node:test";
import { conditionsOf, type ConditionType, conditionTypes, type Finding, timestamp } from "./conditions.ts";

const now = Date.UTC(2026, 0, 1, 12, 0, 0, 999);

function findings(change: Partial<Record<ConditionType, Finding>> = {}): Record<ConditionType, Finding> {
  const finding: Finding = { status: "True", reason: "Fine", message: "all is well" };
  return { Ready: finding, Available: finding, Reconciling: finding, Stalled: finding, Contested: finding, ...change };
}

test("all five are there, once each, with the generation that they speak of", () => {
  const conditions = conditionsOf(findings(), undefined, 4, now);
  assert.deepEqual(
    conditions.map(({ type }) => type),
    conditionTypes,
  );
  for (const condition of conditions) {
    assert.deepEqual(condition, {
      type: condition.type,
      status: "True",
      reason: "Fine",
      message: "all is well",
      lastTransitionTime: "2026-01-01T12:00:00Z",
      observedGeneration: 4,
    });
  }
});

test("the time moves with the status only", () => {
  const before = conditionsOf(findings(), undefined, 4, now);
  const later = now + 60_000;
  assert.deepEqual(conditionsOf(findings(), before, 4, later), before, "nothing new: nothing to write");
  const told = findings({ Ready: { status: "True", reason: "Scaling", message: "2 of 3" } });
  const [reasoned] = conditionsOf(told, before, 5, later);
  assert.deepEqual([reasoned?.reason, reasoned?.lastTransitionTime], ["Scaling", "2026-01-01T12:00:00Z"]);
  const down = findings({ Ready: { status: "False", reason: "Down", message: "" } });
  const [ready, available] = conditionsOf(down, before, 5, later);
  assert.equal(ready?.lastTransitionTime, "2026-01-01T12:01:00Z");
  assert.equal(available?.lastTransitionTime, "2026-01-01T12:00:00Z");
});

test("conditions of others are not taken over", () => {
  const foreign = {
    type: "Synced",
    status: "True",
    reason: "x",
    message: "",
    lastTransitionTime: timestamp(now),
  } as const;
  assert.equal(conditionsOf(findings(), [foreign], 1, now).length, conditionTypes.length);
});

test("a time is cut to the second, in UTC", () => assert.equal(timestamp(now), "2026-01-01T12:00:00Z"));
