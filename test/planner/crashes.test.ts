/** Inputs that crash the engine of a pod that serves on: they are told, and nothing else changes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ObservedCrash } from "../../operator/plan/observed.ts";
import { eager, tick } from "./life.ts";
import { pass, served, settle } from "./pass.ts";
import { conditionOf, type World } from "./world.ts";

function crash(world: World, index: number, more: Partial<ObservedCrash> = {}): void {
  const told = { requestId: "r7", inputs: "ab".repeat(32), message: "ended by SIGFPE", at: world.now, ...more };
  world.pods = world.pods.map((pod, at) => (at === index ? { ...pod, repeatedCrash: told } : pod));
}

test("a crash that came again is the last failure, names the request, and is over already", () => {
  const world = served({ replicas: 2 });
  crash(world, 0);
  const writes = pass(world);
  const failure = world.status?.lastFailure;
  assert.ok(failure);
  assert.deepEqual([failure.stage, failure.reason, failure.version], ["Serve", "Crashed", "v1"]);
  assert.equal(failure.pod, world.pods[0]?.name);
  assert.equal(failure.revision, world.pods[0]?.revision);
  assert.match(failure.message, /^the request r7 crashed the engine as an earlier one .*ended by SIGFPE.*sha256:abab/);
  assert.equal(failure.count, undefined);
  assert.ok(failure.recoveryTime);
  assert.equal(conditionOf(world, "Ready")?.reason, "Serving");
  assert.equal(world.status?.readyReplicas, 2);
  assert.deepEqual(writes.announcements, []);
  tick(world, 1, eager);
  pass(world);
  assert.deepEqual(world.status?.lastFailure, failure, "it is told once");
});

test("another one, of any pod, is told in its place, and counted; an older one of another pod is not", () => {
  const world = served({ replicas: 2 });
  crash(world, 0);
  pass(world);
  tick(world, 30, eager);
  crash(world, 1, { requestId: "r8" });
  pass(world);
  assert.match(world.status?.lastFailure?.message ?? "", /the request r8/);
  assert.equal(world.status?.lastFailure?.count, 2);
  tick(world, 5, eager);
  pass(world);
  assert.match(world.status?.lastFailure?.message ?? "", /the request r8/);
  assert.equal(world.status?.lastFailure?.count, 2);
});

test("a time that is a second off, as after a restart of the operator, makes it no other crash", () => {
  const world = served({ replicas: 1 });
  crash(world, 0);
  pass(world);
  crash(world, 0, { at: world.now + 1000 });
  pass(world);
  assert.equal(world.status?.lastFailure?.count, undefined);
});

test("it is forgotten with the progress deadline, though the pod tells of it for longer", () => {
  const world = served({ replicas: 1 }, { progressDeadlineSeconds: 60 });
  crash(world, 0);
  pass(world);
  settle(world);
  tick(world, 120, eager);
  pass(world);
  assert.equal(world.status?.lastFailure, undefined);
  pass(world);
  assert.equal(world.status?.lastFailure, undefined);
});
