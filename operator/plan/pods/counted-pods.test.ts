import assert from "node:assert/strict";
import { test } from "node:test";
import { countedPods, nextCountedAt } from "./counted-pods.ts";
import { podOf } from "./test-pod.ts";

test("a pod that is not ready counts five seconds after it was made, a ready one at once", () => {
  const pods = [podOf({ createdAt: 1_000 }), podOf({ createdAt: 3_000 }), podOf({ createdAt: 3_000, ready: true })];
  assert.equal(countedPods(pods, 5_999).length, 1);
  assert.equal(nextCountedAt(pods, 5_999), 6_000);
  assert.equal(countedPods(pods, 6_000).length, 2);
  assert.equal(nextCountedAt(pods, 6_000), 8_000);
  assert.equal(countedPods(pods, 8_000).length, 3);
  assert.equal(nextCountedAt(pods, 8_000), undefined);
});

test("a pod from the future counts: the clocks differ", () => {
  const pods = [podOf({ createdAt: 9_000 })];
  assert.equal(countedPods(pods, 8_000).length, 1);
  assert.equal(nextCountedAt(pods, 8_000), undefined);
});
