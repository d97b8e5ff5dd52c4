import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { specOf } from "../../../test/fixtures/spec.ts";
import { limitsOf } from "./limits.ts";

const rows: readonly (readonly [
  replicas: number,
  maxSurge: number | string,
  maxUnavailable: number | string,
  surge: number,
  unavailable: number,
])[] = [
  [3, "100%", 0, 3, 0],
  [3, "25%", "25%", 1, 0], // surge up, unavailable down
  [10, "25%", "25%", 3, 2],
  [4, 1, 1, 1, 1],
  [4, "2", "1", 2, 1], // text without a percent sign is a number
  [4, 0, 0, 0, 1], // both 0: nothing could ever move
  [3, "0%", "25%", 0, 1], // both come to 0
  [2, 0, 5, 0, 2], // not more than there are
  [2, "300%", 0, 6, 0],
  [1, "25%", "25%", 1, 0],
  [0, "100%", 0, 0, 1],
];

for (const [replicas, maxSurge, maxUnavailable, surge, unavailable] of rows) {
  test(`${replicas} replicas, surge ${maxSurge}, unavailable ${maxUnavailable}: ${surge} and ${unavailable} pods`, () => {
    const limits = limitsOf(specOf({ replicas }, { maxSurge, maxUnavailable }));
    assert.deepEqual([limits.surge, limits.unavailable], [surge, unavailable]);
  });
}

test("something can always move, and never more is missing than there is, but for the one of 0", () => {
  const amount = fc.oneof(
    fc.nat(20),
    fc.nat(120).map((percent) => `${percent}%`),
  );
  fc.assert(
    fc.property(fc.nat(50), amount, amount, (replicas, maxSurge, maxUnavailable) => {
      const { surge, unavailable } = limitsOf(specOf({ replicas }, { maxSurge, maxUnavailable }));
      assert.ok(surge + unavailable >= 1 || replicas === 0);
      assert.ok(Number.isInteger(surge) && Number.isInteger(unavailable) && unavailable >= 0);
      assert.ok(unavailable <= Math.max(1, replicas));
    }),
  );
});

test("times are in milliseconds, and the wait for minReadySeconds is granted on top of the deadline", () => {
  const limits = limitsOf(specOf({}, { progressDeadlineSeconds: 60, minReadySeconds: 5, keepPreviousSeconds: 7 }));
  assert.equal(limits.progressDeadlineMs, 65_000);
  assert.equal(limits.fetchMs, 3_600_000, "as the fetch step has it when it is told nothing");
  assert.equal(limitsOf(specOf({ source: { timeoutSeconds: 90 } })).fetchMs, 90_000);
  assert.equal(limits.keepPreviousMs, 7_000);
});
