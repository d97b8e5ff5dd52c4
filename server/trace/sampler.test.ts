import assert from "node:assert/strict";
import { test } from "node:test";
import { isSampled } from "./sampler.ts";

const traceId = (random: string): string => random.padStart(32, "a");
const parent = (sampled: boolean): Parameters<typeof isSampled>[2] => ({
  traceId: traceId(""),
  parentId: "b".repeat(16),
  isSampled: sampled,
  traceState: "",
});

test("a caller that has decided is followed by the samplers that look at it, and by no others", () => {
  for (const sampled of [true, false]) {
    assert.equal(isSampled({ isParentBased: true, ratio: sampled ? 0 : 1 }, traceId(""), parent(sampled)), sampled);
    assert.equal(isSampled({ isParentBased: false, ratio: sampled ? 0 : 1 }, traceId(""), parent(sampled)), !sampled);
  }
});

test("a ratio takes the traces whose last 56 bits are in its part, and the same ones of a smaller ratio", () => {
  const at = (ratio: number, random: string): boolean =>
    isSampled({ isParentBased: true, ratio }, traceId(random), undefined);
  assert.deepEqual([at(0, "f".repeat(14)), at(1, "0".repeat(14))], [false, true]);
  assert.deepEqual([at(0.5, "7fffffffffffff"), at(0.5, "80000000000000")], [false, true]);
  assert.deepEqual([at(0.25, "bfffffffffffff"), at(0.25, "c0000000000000")], [false, true]);
});
