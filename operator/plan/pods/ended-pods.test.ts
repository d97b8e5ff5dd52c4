import assert from "node:assert/strict";
import { test } from "node:test";
import { type EndInputs, endedFailure } from "./ended-pods.ts";
import type { EndedPod, ObservedPod } from "../observed.ts";
import { podOf } from "./test-pod.ts";

function readyFrom(readySince: number): ObservedPod {
  return podOf({ ready: true, readySince });
}

function evicted(change: Partial<EndedPod> = {}): EndedPod {
  return {
    name: "demo-1",
    uid: "u",
    createdAt: 0,
    revision: "r",
    failed: true,
    reason: "Evicted",
    message: "The node was low on resource: memory.",
    at: 50_000,
    ...change,
  };
}

/** One of two pods is ready since before the other was evicted, ten seconds ago. */
const short: EndInputs = {
  ended: [evicted()],
  alive: [readyFrom(10_000), podOf()],
  desired: 2,
  now: 60_000,
  progressDeadlineMs: 600_000,
};

test("a revision that is short of a pod says that it was evicted, in the kubelet's words", () => {
  assert.deepEqual(endedFailure(short), {
    stage: "Schedule",
    reason: "Evicted",
    message: "the node evicted the pod: The node was low on resource: memory.",
    pod: "demo-1",
    permanent: false,
  });
});

test("every other end has one reason, whatever word the node has for it: not each could be a condition's", () => {
  const ends: readonly (readonly [Partial<EndedPod>, RegExp])[] = [
    [
      { reason: "OutOfnvidia.com/gpu", message: "Pod was rejected" },
      /end to \(OutOfnvidia\.com\/gpu\): Pod was rejected$/,
    ],
    [{ reason: "", message: "" }, /^the pod was put an end to: without a word: see kubectl get events$/],
  ];
  for (const [end, says] of ends) {
    const failure = endedFailure({ ...short, ended: [evicted(end)] });
    assert.deepEqual([failure?.stage, failure?.reason, failure?.permanent], ["Schedule", "PodFailed", false]);
    assert.match(failure?.message ?? "", says);
  }
});

const past: readonly { readonly what: string; readonly change: Partial<EndInputs> }[] = [
  { what: "when there are pods enough", change: { desired: 1 } },
  { what: "when none is wanted any more", change: { desired: 0, alive: [] } },
  { what: "once a pod has turned ready since", change: { alive: [readyFrom(50_001), podOf()] } },
  { what: "when it is older than the progress deadline", change: { now: 650_000, alive: [] } },
  { what: "of a pod that ended in peace", change: { ended: [evicted({ failed: false })] } },
  { what: "where no pod ended", change: { ended: [] } },
];

for (const { what, change } of past) {
  test(`nothing is told ${what}`, () => {
    assert.equal(endedFailure({ ...short, ...change }), undefined);
  });
}

test("the last of several speaks, and of two at once always the same", () => {
  const ended = [evicted({ name: "b" }), evicted({ name: "c", at: 55_000 }), evicted({ name: "a", at: 55_000 })];
  assert.equal(endedFailure({ ...short, ended })?.pod, "a");
  assert.equal(endedFailure({ ...short, ended: ended.toReversed() })?.pod, "a");
});
