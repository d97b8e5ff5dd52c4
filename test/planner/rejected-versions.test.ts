import assert from "node:assert/strict";
import { test } from "node:test";
import { specOf } from "../fixtures/spec.ts";
import { digestOf } from "./life.ts";
import { served, pass, settle } from "./pass.ts";
import { conditionOf, createWorld, edit, inService, replicasOf, selectedRevision } from "./world.ts";

test("a version that can only fail is given up at once and takes no traffic", () => {
  const world = served();
  world.behaviour.set("v2", "corrupt");
  const before = selectedRevision(world);
  edit(world, { version: "v2" });
  settle(world);
  assert.equal(selectedRevision(world), before);
  assert.equal(replicasOf(world, "v2"), 0);
  assert.equal(conditionOf(world, "Ready")?.reason, "NotAModel");
  assert.equal(conditionOf(world, "Stalled")?.status, "True");
  assert.equal(conditionOf(world, "Available")?.status, "True");
  assert.equal(world.status?.lastFailure?.stage, "Download");
  assert.match(conditionOf(world, "Ready")?.message ?? "", /v1 goes on serving/);
});

test("a scaler's write is no new try of a rejected version; a retry token is", () => {
  const world = served();
  world.behaviour.set("v2", "corrupt");
  edit(world, { version: "v2" });
  settle(world);
  edit(world, { replicas: 5 });
  settle(world);
  assert.equal(replicasOf(world, "v2"), 0);
  assert.equal(replicasOf(world, "v1"), 5);
  world.behaviour.set("v2", "good");
  edit(world, { rollout: { ...world.spec.rollout, retryToken: "again" } });
  settle(world);
  assert.equal(world.status?.currentVersion, "v2");
});

test("a version that gets nowhere is given up at the deadline, and the one that serves stays", () => {
  const world = served();
  world.behaviour.set("v2", "slow");
  edit(world, { version: "v2" });
  pass(world);
  assert.equal(conditionOf(world, "Ready")?.reason, "RolloutInProgress");
  world.now += 601_000;
  pass(world);
  assert.equal(conditionOf(world, "Stalled")?.reason, "ProgressDeadlineExceeded");
  assert.equal(replicasOf(world, "v2"), 0);
  assert.equal(inService(world).filter((pod) => pod.ready).length, 3);
});

test("the first version is tried on after the deadline: there is nothing else to serve", () => {
  const world = createWorld(specOf(), { v1: "slow" });
  pass(world);
  world.now += 601_000;
  const plan = pass(world);
  assert.equal(conditionOf(world, "Stalled")?.reason, "ProgressDeadlineExceeded");
  assert.equal(replicasOf(world, "v1"), 1);
  assert.equal(plan.wakeAfterMs, undefined, "nothing to wait for but a change");
  world.behaviour.set("v1", "good");
  settle(world);
  assert.equal(conditionOf(world, "Ready")?.status, "True");
});

test("another digest under a recorded name is refused before anything starts, and the recorded bytes serve on", () => {
  const world = served();
  const other = { name: "v1", uri: "oci://registry.test/models/v1:1", digest: digestOf("other") };
  edit(world, { versions: [other] });
  settle(world);
  assert.equal(conditionOf(world, "Ready")?.reason, "VersionReused");
  assert.equal(inService(world).filter((pod) => pod.ready).length, 3);
});
