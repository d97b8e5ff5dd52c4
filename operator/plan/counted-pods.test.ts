import assert from "node:assert/strict";
import { test } from "node:test";
import { countedPods, nextCountedAt } from "./counted-pods.ts";
import type { ObservedPod } from "./observed.ts";

const idle = { state: "waiting", waiting: undefined, restarts: 0, termination: undefined } as const;

function podMadeAt(createdAt: number, ready: boolean): ObservedPod {
  return {
    name: `made-at-${createdAt}`,
    uid: `made-at-${createdAt}`,
    revision: "r",
    version: "v1",
    createdAt,
    deleting: false,
    ready,
    readySince: ready ? createdAt : undefined,
    outOfService: false,
    unschedulable: undefined,
    withoutCpuRequest: undefined,
    withoutMemoryRequest: undefined,
    fetch: idle,
    server: idle,
  };
}

test("a pod that is not ready counts five seconds after it was made, a ready one at once", () => {
  const pods = [podMadeAt(1_000, false), podMadeAt(3_000, false), podMadeAt(3_000, true)];
  assert.equal(countedPods(pods, 5_999).length, 1);
  assert.equal(nextCountedAt(pods, 5_999), 6_000);
  assert.equal(countedPods(pods, 6_000).length, 2);
  assert.equal(nextCountedAt(pods, 6_000), 8_000);
  assert.equal(countedPods(pods, 8_000).length, 3);
  assert.equal(nextCountedAt(pods, 8_000), undefined);
});

test("a pod from the future counts: the clocks differ", () => {
  const pods = [podMadeAt(9_000, false)];
  assert.equal(countedPods(pods, 8_000).length, 1);
  assert.equal(nextCountedAt(pods, 8_000), undefined);
});
