import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { expiredHistory, historyLimit, historyNumber, nextRevisionNumber } from "./history.ts";
import type { ObservedChild } from "../observed.ts";

function record(number: number, change: Partial<ObservedChild> = {}): ObservedChild {
  return {
    name: `demo-r${number}`,
    uid: `uid-${number}`,
    deleting: false,
    object: { metadata: { labels: { "slipway.dev/revision": `r${number}` } }, revision: number },
    rival: undefined,
    replicaFailure: undefined,
    ...change,
  };
}

function records(count: number): ObservedChild[] {
  return Array.from({ length: count }, (_, index) => record(index + 1));
}

function names(history: readonly ObservedChild[]): string[] {
  return history.map(({ name }) => name);
}

test("numbers go up by one from the highest, and begin with 1", () => {
  assert.equal(nextRevisionNumber([]), 1);
  assert.equal(nextRevisionNumber([record(7), record(3)]), 8);
  assert.equal(nextRevisionNumber([record(4, { object: { metadata: {} } })]), 1, "one without a number counts as none");
});

test("the place of a revision is its number", () => {
  assert.equal(historyNumber(records(3), "r2"), 2);
  assert.equal(historyNumber(records(3), "r9"), undefined);
});

test("up to the limit nothing expires, above it the oldest", () => {
  assert.deepEqual(expiredHistory(records(historyLimit), new Set()), []);
  assert.deepEqual(names(expiredHistory(records(historyLimit + 2), new Set())), ["demo-r1", "demo-r2"]);
});

test("what is in use stays, and the next oldest goes in its place", () => {
  assert.deepEqual(names(expiredHistory(records(historyLimit + 2), new Set(["r1", "r3"]))), ["demo-r2", "demo-r4"]);
});

test("what is going already does not count, nor is it deleted twice", () => {
  const history = [record(1, { deleting: true }), record(2, { deleting: true }), ...records(historyLimit + 3).slice(2)];
  assert.deepEqual(names(expiredHistory(history, new Set())), ["demo-r3"]);
});

test("whatever is there: nothing in use goes, and the limit is kept so far as that allows", () => {
  fc.assert(
    fc.property(fc.nat(40), fc.uniqueArray(fc.integer({ min: 1, max: 40 })), (count, used) => {
      const history = records(count);
      const inUse = new Set(used.map((number) => `r${number}`));
      const expired = expiredHistory(history, inUse);
      assert.ok(expired.every(({ name }) => !inUse.has(name.slice("demo-".length))));
      const staying = count - expired.length;
      const needed = history.filter(({ name }) => inUse.has(name.slice("demo-".length))).length;
      assert.equal(staying, Math.min(count, Math.max(historyLimit, needed)));
    }),
  );
});
