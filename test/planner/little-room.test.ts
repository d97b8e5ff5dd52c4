import assert from "node:assert/strict";
import { test } from "node:test";
import { specOf } from "../fixtures/spec.ts";
import { eager, tick } from "./life.ts";
import { served, pass } from "./pass.ts";
import { conditionOf, edit, inService, replicasOf, selectedRevision } from "./world.ts";

test("with a small surge both share the Service, pod by pod, and nothing is lost", () => {
  const world = served({ replicas: 4 }, { maxSurge: 1 });
  edit(world, { version: "v2" });
  let shared = 0;
  for (let round = 0; round < 60; round++) {
    tick(world, 1, eager);
    pass(world);
    assert.ok(replicasOf(world, "v1") + replicasOf(world, "v2") <= 5);
    assert.ok(inService(world).filter((pod) => pod.ready).length >= 4 || world.status?.currentVersion === "v2");
    if (selectedRevision(world) === undefined) shared += 1;
  }
  assert.ok(shared > 0, "the Service was shared");
  assert.equal(world.status?.currentVersion, "v2");
  assert.notEqual(selectedRevision(world), undefined);
});

test("with no surge one pod at a time is given up for one", () => {
  const world = served({ replicas: 2 }, { maxSurge: 0 });
  edit(world, { version: "v2" });
  for (let round = 0; round < 60; round++) {
    tick(world, 1, eager);
    pass(world);
    assert.ok(replicasOf(world, "v1") + replicasOf(world, "v2") <= 2);
  }
  assert.equal(world.status?.currentVersion, "v2");
  assert.equal(replicasOf(world, "v2"), 2);
});

test("a third version waits until the exchange under way is undone", () => {
  const world = served({ replicas: 4 }, { maxSurge: 1 });
  edit(world, { version: "v2" });
  while (selectedRevision(world) !== undefined) {
    tick(world, 1, eager);
    pass(world);
  }
  edit(world, { version: "v3" });
  for (let round = 0; round < 60; round++) {
    const reached = new Set(inService(world).map((pod) => pod.version));
    assert.ok(reached.size <= 2, `the Service reaches ${[...reached].join(", ")}`);
    tick(world, 1, eager);
    pass(world);
  }
  assert.equal(world.status?.currentVersion, "v3");
});

test("a warm previous version yields when a wanted pod finds no room", () => {
  const world = served();
  edit(world, { version: "v2" });
  for (let round = 0; round < 20; round++) {
    tick(world, 1, eager);
    pass(world);
  }
  assert.equal(replicasOf(world, "v1"), 3);
  world.pods = world.pods.map((pod) =>
    pod.version === "v2" && pod.ready
      ? { ...pod, ready: false, readySince: undefined, unschedulable: "0/1 nodes are available: 1 Insufficient cpu." }
      : pod,
  );
  pass(world);
  assert.equal(replicasOf(world, "v1"), 0);
});

test("Recreate stops the old pods first, to the last one, and then starts the new", () => {
  const world = served({ replicas: 2 }, { strategy: "Recreate" });
  edit(world, { version: "v2" });
  for (let round = 0; round < 20; round++) {
    pass(world);
    const versions = new Set(world.pods.map((pod) => pod.version));
    assert.ok(versions.size <= 1, "both run at the same time");
    tick(world, 1, eager);
  }
  assert.equal(world.status?.currentVersion, "v2");
  assert.equal(inService(world).filter(({ ready }) => ready).length, 2);
});

test("Recreate brings the old version back when the new one fails, and never runs both", () => {
  const world = served({ replicas: 2 }, { strategy: "Recreate" });
  world.behaviour.set("v2", "corrupt");
  edit(world, { version: "v2" });
  for (let round = 0; round < 30; round++) {
    pass(world);
    assert.ok(new Set(world.pods.map((pod) => pod.version)).size <= 1, "both run at the same time");
    tick(world, 1, eager);
  }
  assert.equal(world.status?.currentVersion, "v1");
  assert.equal(inService(world).filter(({ ready }) => ready).length, 2);
  assert.equal(conditionOf(world, "Stalled")?.reason, "NotAModel");
});

test("with a GPU nothing is kept warm unless it is asked for", () => {
  const { keepPreviousSeconds: _default, ...rollout } = specOf().rollout;
  const world = served({ gpu: { count: 1, resourceName: "nvidia.com/gpu" }, rollout });
  edit(world, { version: "v2" });
  for (let round = 0; round < 40; round++) {
    tick(world, 1, eager);
    pass(world);
  }
  assert.equal(world.status?.currentVersion, "v2");
  assert.equal(replicasOf(world, "v1"), 0);
});
