/** Pods that their node put an end to and that are left lying: they are told while they are missed, and count nowhere. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eager, evict, tick } from "./life.ts";
import { pass, rounds, served, settle } from "./pass.ts";
import { conditionOf, edit, readyInService, replicasOf, type World } from "./world.ts";

function evictOne(world: World): void {
  const [pod] = world.pods;
  assert.ok(pod);
  evict(world, pod);
}

test("one of two pods is evicted: it is told, then replaced, and remembered for the progress deadline", () => {
  const world = served({ replicas: 2 });
  evictOne(world);
  pass(world);
  assert.equal(world.status?.lastFailure?.reason, "Evicted");
  assert.match(world.status.lastFailure.message, /^the node evicted the pod: The node was low on resource/);
  assert.equal(world.status.replicas, 1);
  recover(world);
  assert.equal(world.endedPods.length, 1);
  assert.deepEqual([world.status.replicas, world.status.readyReplicas], [2, 2]);
  assert.equal(world.status.lastFailure.reason, "Evicted");
  assert.ok(world.status.lastFailure.recoveryTime);
  settle(world);
  assert.equal(world.status.lastFailure, undefined);
  assert.equal(conditionOf(world, "Ready")?.reason, "Serving");
  assert.equal(conditionOf(world, "Reconciling")?.reason, "Settled");
});

/** All is well again, as soon as it can be. */
function recover(world: World): void {
  rounds(world, () => readyInService(world) === world.spec.replicas);
  pass(world);
}

test("what comes again and again leaves a trace: how often, an Event each, and a few pods to look at", () => {
  const world = served({ replicas: 2 });
  const events: string[] = [];
  for (let round = 1; round <= 6; round++) {
    evictOne(world);
    events.push(...pass(world).announcements.map(({ reason }) => reason));
    assert.equal(world.status?.lastFailure?.count, round === 1 ? undefined : round);
    assert.equal(world.status?.lastFailure?.recoveryTime, undefined);
    recover(world);
    assert.ok(world.status?.lastFailure?.recoveryTime, "it is well again, and that is said");
    assert.equal(conditionOf(world, "Ready")?.reason, "Serving");
  }
  assert.deepEqual(
    events,
    Array.from({ length: 6 }, () => "Evicted"),
  );
  assert.equal(world.endedPods.length, 3);
  assert.equal(world.endedPods.at(-1)?.name, world.status?.lastFailure?.pod, "the newest");
});

test("an eviction that was over before anybody looked is remembered, too", () => {
  const world = served({ replicas: 2 });
  evictOne(world);
  for (let second = 0; second < 5; second++) tick(world, 1, eager);
  const { announcements } = pass(world);
  assert.deepEqual(
    announcements.map(({ reason }) => reason),
    ["Evicted"],
  );
  assert.equal(world.status?.lastFailure?.reason, "Evicted");
  assert.ok(world.status.lastFailure.recoveryTime);
  assert.deepEqual(pass(world).announcements, [], "once");
});

test("the only pod is evicted: Ready says why nothing serves", () => {
  const world = served({ replicas: 1 });
  world.behaviour.set("v1", "slow");
  evictOne(world);
  tick(world, 1, eager);
  pass(world);
  assert.deepEqual([conditionOf(world, "Ready")?.status, conditionOf(world, "Ready")?.reason], ["False", "Evicted"]);
});

test("an eviction of long ago is no failure of the pods that are asked for today", () => {
  const world = served({ replicas: 2 });
  evictOne(world);
  settle(world);
  edit(world, { replicas: 0 });
  settle(world);
  tick(world, 3_600, eager);
  edit(world, { replicas: 4 });
  const failures: unknown[] = [];
  rounds(
    world,
    () => readyInService(world) === 4,
    () => failures.push(world.status?.lastFailure),
  );
  assert.deepEqual(new Set(failures), new Set([undefined]));
});

for (const strategy of ["Rolling", "Recreate"] as const) {
  test(`${strategy}: a version whose pods are evicted again and again is given up, and says why`, () => {
    const world = served({ replicas: 2 }, { strategy, progressDeadlineSeconds: 60 });
    world.behaviour.set("v2", "evicted");
    edit(world, { version: "v2" });
    settle(world);
    assert.equal(world.status?.rejected?.reason, "ProgressDeadlineExceeded");
    assert.match(world.status.rejected.message, /: Evicted: the node evicted the pod/);
    assert.equal(world.status.lastFailure?.reason, "Evicted");
    assert.equal(world.status.currentVersion, "v1");
    assert.equal(readyInService(world), 2, "what they left behind stands in nobody's way");
    assert.equal(replicasOf(world, "v2"), 0);
    edit(world, { version: "v1" });
    settle(world);
    assert.equal(conditionOf(world, "Ready")?.status, "True");
  });
}

test("Recreate goes on past a pod of the version before that was evicted", () => {
  const world = served({ replicas: 1 }, { strategy: "Recreate" });
  evictOne(world);
  settle(world);
  edit(world, { version: "v2" });
  rounds(world, () => world.status?.currentVersion === "v2" && readyInService(world) === 1);
  assert.equal(world.status?.rejected, undefined);
});

test("a later failure is not forgotten for the end of a pod before it, nor that told again", () => {
  const world = served({ replicas: 2 });
  evictOne(world);
  pass(world);
  recover(world);
  const events: string[] = [];
  for (let round = 1; round <= 3; round++) {
    world.now += 10_000;
    crash(world);
    events.push(...pass(world).announcements.map(({ reason }) => reason));
    assert.equal(world.status?.lastFailure?.reason, "Crashed");
    world.now += 10_000;
    world.pods = world.pods.map((pod) => ({ ...pod, ready: true, readySince: world.now }));
    events.push(...pass(world).announcements.map(({ reason }) => reason));
    assert.equal(world.status?.lastFailure?.reason, "Crashed");
    assert.equal(world.status?.lastFailure?.count, round === 1 ? undefined : round);
    assert.ok(world.status?.lastFailure?.recoveryTime);
  }
  assert.deepEqual(events, []);
});

test("one eviction on a node whose clock is ahead is told once", () => {
  const world = served({ replicas: 2 });
  evictOne(world);
  world.endedPods = world.endedPods.map((pod) => ({ ...pod, at: world.now + 120_000 }));
  const events: string[] = [];
  for (let second = 0; second < 1_500; second += 5) {
    tick(world, 5, eager);
    events.push(...pass(world).announcements.map(({ reason }) => reason));
  }
  assert.deepEqual(events, ["Evicted"]);
  assert.equal(world.status?.lastFailure, undefined);
});

/** The server of the first pod ends, and is not running again yet. */
function crash(world: World): void {
  const termination = { exitCode: 139, reason: "Error", report: undefined, text: "" };
  world.pods = world.pods.map((pod, index) =>
    index === 0
      ? { ...pod, ready: false, readySince: undefined, server: { ...pod.server, state: "waiting", termination } }
      : pod,
  );
}
