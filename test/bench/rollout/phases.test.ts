import assert from "node:assert/strict";
import { test } from "node:test";
import { sinceStart, withPod } from "./phases.ts";

const pod = (...types: string[]) => ({
  status: { conditions: [{ type: "Ready", status: "False" }, ...types.map((type) => ({ type, status: "True" }))] },
});

test("a phase has the time at which it was first seen", () => {
  let phases = withPod({}, pod(), 1_000);
  phases = withPod(phases, pod("PodScheduled"), 1_020);
  phases = withPod(phases, pod("PodScheduled", "Initialized"), 1_900);
  assert.deepEqual(phases, { created: 1_000, PodScheduled: 1_020, Initialized: 1_900 });
  assert.deepEqual(Object.entries(sinceStart({ Initialized: 1_900, created: 1_000, PodScheduled: 1_020 }, 990)), [
    ["created", 10],
    ["PodScheduled", 30],
    ["Initialized", 910],
  ]);
});

test("a pod without a status has only been created", () => {
  assert.deepEqual(withPod({}, { status: {} }, 5), { created: 5 });
});
