import assert from "node:assert/strict";
import { test } from "node:test";
import { createTally } from "../../load/tally.ts";
import { changesTogether } from "./changes-together.ts";

test("several changes: requests add up, the longest gap is the longest of all", () => {
  const reading = (durationMs: number, gapMs: number) => {
    const tally = createTally(0);
    tally.add({ sentMs: 0, endedMs: gapMs, opened: true, status: 200, version: "v1" });
    tally.add({ sentMs: 0, endedMs: gapMs, opened: true, error: "ECONNRESET" });
    return { summary: tally.summary(500), durationMs, firstAnswerMs: 10, lastOldAnswerMs: durationMs - 1 };
  };
  assert.deepEqual(changesTogether([reading(3_000, 480), reading(2_000, 100), reading(4_000, 490)]), {
    requests: 6,
    failed: 3,
    ratePerSecond: 4,
    longestGapMs: 490,
    durationMs: { count: 3, p50: 3_000, p99: 4_000, most: 4_000 },
    lastOldAnswerMs: { count: 3, p50: 2_999, p99: 3_999, most: 3_999 },
  });
});
