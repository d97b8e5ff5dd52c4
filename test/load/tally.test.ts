import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { nextTurn, turnMs } from "./pace.ts";
import { createTally } from "./tally.ts";

test("answers, failures and the longest gap are told apart", () => {
  const tally = createTally(1_000);
  tally.add({ sentMs: 1_000, endedMs: 1_010, opened: true, status: 200, version: "v1" });
  tally.add({ sentMs: 1_100, endedMs: 1_102, opened: false, error: "ECONNRESET" });
  tally.add({ sentMs: 1_200, endedMs: 1_203, opened: true, status: 503, error: "HTTP 503" });
  tally.add({ sentMs: 1_300, endedMs: 1_304, opened: false, status: 200, version: "v2" });
  const summary = tally.summary(1_400);
  assert.deepEqual(summary, {
    seconds: 0.4,
    requests: 4,
    failed: 2,
    byVersion: {
      v1: { answers: 1, firstMs: 1_010, lastMs: 1_010 },
      v2: { answers: 1, firstMs: 1_304, lastMs: 1_304 },
    },
    byStatus: { 200: 2, 503: 1 },
    byError: { ECONNRESET: 1, "HTTP 503": 1 },
    failures: [
      { endedMs: 1_102, error: "ECONNRESET" },
      { endedMs: 1_203, error: "HTTP 503" },
    ],
    connectionsOpened: 2,
    longestGapMs: 294,
    latencyMs: { p50: 4, p99: 10, most: 10 },
  });
});

test("silence up to the end is a gap", () => {
  const tally = createTally(0);
  tally.add({ sentMs: 0, endedMs: 5, opened: true, status: 200, version: "v1" });
  assert.equal(tally.summary(2_005).longestGapMs, 2_000);
});

test("no answer at all gives zeros and one gap", () => {
  const summary = createTally(0).summary(700);
  assert.deepEqual(summary.latencyMs, { p50: 0, p99: 0, most: 0 });
  assert.equal(summary.longestGapMs, 700);
});

test("single failures are kept only so far, and all are counted", () => {
  const tally = createTally(0);
  for (let index = 0; index < 1_000; index += 1)
    tally.add({ sentMs: 0, endedMs: 1, opened: false, error: "ECONNRESET" });
  const summary = tally.summary(1);
  assert.equal(summary.failed, 1_000);
  assert.equal(summary.failures.length, 20);
});

test("property: a connection's next turn is to come, is not taken twice, and none in between is left out", () => {
  const paces = fc.record({
    startMs: fc.integer({ min: 0, max: 1_000_000 }),
    ratePerSecond: fc.integer({ min: 1, max: 2_000 }),
    connections: fc.integer({ min: 1, max: 64 }),
  });
  fc.assert(
    fc.property(paces, fc.nat(63), fc.nat(1_000), fc.nat(100_000), (pace, anyIndex, earliest, elapsed) => {
      const index = anyIndex % pace.connections;
      const now = pace.startMs + elapsed;
      const turn = nextTurn(pace, index, earliest, now);
      assert.ok(Number.isInteger(turn) && turn >= earliest);
      assert.ok(turnMs(pace, index, turn) >= now - 1e-6);
      assert.ok(turn === earliest || turnMs(pace, index, turn - 1) < now + 1e-6);
    }),
  );
});
