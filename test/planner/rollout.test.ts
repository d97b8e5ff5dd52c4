import assert from "node:assert/strict";
import { test } from "node:test";
import { specOf } from "../fixtures/spec.ts";
import { eager, digestOf, tick } from "./life.ts";
import { served, pass, settle } from "./pass.ts";
import { conditionOf, createWorld, edit, forgetStatus, inService, replicasOf, selectedRevision } from "./world.ts";

test("a version without a digest starts with one pod, is recorded, and only then scales out", () => {
  const world = createWorld(specOf(), { v1: "good" });
  pass(world);
  assert.equal(replicasOf(world, "v1"), 1);
  tick(world, 1, eager);
  pass(world);
  assert.equal(replicasOf(world, "v1"), 1, "fetched and recorded in this pass, not yet readable by other pods");
  pass(world);
  assert.equal(replicasOf(world, "v1"), 3);
  assert.equal(world.status?.versions?.[0]?.digest, digestOf("v1"));
});

test("a version with a digest starts with all its pods", () => {
  const world = createWorld(
    specOf({ versions: [{ name: "v1", uri: "oci://registry.test/m:1", digest: digestOf("v1") }] }),
    { v1: "good" },
  );
  pass(world);
  assert.equal(replicasOf(world, "v1"), 3);
});

test("a digest in the spec is on record from the first pass on, and is no news", () => {
  const versions = [
    { name: "v1", uri: "oci://registry.test/m:1", digest: digestOf("v1") },
    { name: "v2", uri: "oci://registry.test/m:2", digest: digestOf("v2") },
  ];
  const world = createWorld(specOf({ versions }), { v1: "good" });
  const plan = pass(world);
  assert.deepEqual(plan.announcements, [], "of a first start nothing is told before it serves");
  assert.deepEqual(
    world.status?.versions?.map(({ digest }) => digest),
    [digestOf("v1"), undefined],
    "a version that was never used is not bound yet",
  );
  tick(world, 1, eager);
  assert.deepEqual(pass(world).writes, [], "the pods report what is known");
});

test("what a new model needs is written in one step", () => {
  const versions = [{ name: "v1", uri: "oci://registry.test/m:1", digest: digestOf("v1") }];
  const plan = pass(createWorld(specOf({ versions }), { v1: "good" }));
  assert.equal(plan.writes.length, 5);
  assert.ok(plan.writes.every(({ phase, verb }) => phase === "prepare" && verb === "create"));
});

test("a change is told when it begins and when it is over", () => {
  const world = served();
  edit(world, { version: "v2" });
  assert.deepEqual(
    pass(world).announcements.map(({ reason }) => reason),
    ["RolloutStarted"],
  );
});

test("a first version serves once all of it is ready, and is not Ready before", () => {
  const world = createWorld(specOf(), { v1: "good" });
  for (let round = 0; round < 30 && world.status?.currentVersion === undefined; round++) {
    pass(world);
    if (world.pods.filter(({ ready }) => ready).length < 3) {
      assert.equal(conditionOf(world, "Ready")?.status, "False");
      assert.equal(world.status?.currentVersion, undefined);
    }
    tick(world, 1, eager);
  }
  assert.equal(world.status?.currentVersion, "v1");
});

test("a model restored without its status goes on serving what its Service selects", () => {
  const world = served();
  const before = selectedRevision(world);
  edit(world, { version: "v2" });
  forgetStatus(world);
  pass(world);
  assert.equal(selectedRevision(world), before);
  assert.equal(world.status?.currentVersion, "v1");
});

test("settled means no writes, no wake-up and every condition present", () => {
  const world = served();
  const plan = pass(world);
  assert.deepEqual(plan.writes, []);
  assert.equal(plan.wakeAfterMs, undefined);
  assert.deepEqual(
    world.status?.conditions?.map(({ type, status }) => `${type}=${status}`),
    ["Ready=True", "Available=True", "Reconciling=False", "Stalled=False", "Contested=False"],
  );
});

test("with a full surge the Service moves once, when the new revision is complete", () => {
  const world = served();
  const before = selectedRevision(world);
  edit(world, { version: "v2" });
  pass(world);
  assert.equal(replicasOf(world, "v1"), 3);
  let flipped = false;
  for (let round = 0; round < 20 && !flipped; round++) {
    tick(world, 1, eager);
    const ready = world.pods.filter((pod) => pod.version === "v2" && pod.ready).length;
    pass(world);
    flipped = selectedRevision(world) !== before;
    if (flipped) assert.equal(ready, 3);
  }
  assert.ok(flipped);
  assert.equal(replicasOf(world, "v1"), 3, "the previous version stays warm at full size");
  assert.equal(world.status?.previous?.version, "v1");
  assert.ok(world.pods.filter((pod) => pod.version === "v1").every((pod) => pod.outOfService));
});

test("going back to a warm version is one pass", () => {
  const world = served();
  edit(world, { version: "v2" });
  for (let round = 0; round < 20; round++) {
    tick(world, 1, eager);
    pass(world);
  }
  assert.equal(world.status?.currentVersion, "v2");
  edit(world, { version: "v1" });
  const plan = pass(world);
  assert.equal(world.status?.currentVersion, "v1");
  assert.ok(inService(world).every((pod) => pod.version === "v1" && pod.ready && !pod.outOfService));
  assert.ok(plan.announcements.some(({ reason }) => reason === "RolledBack"));
  const phasesOf = plan.writes.filter(({ kind }) => kind.kind === "Pod").map(({ phase }) => phase);
  assert.deepEqual([...new Set(phasesOf)].toSorted(), ["prepare", "release"], "in before the Service moves, out after");
});

test("going forward to a warm version is no rollback", () => {
  const world = served();
  const reasons: string[] = [];
  for (const version of ["v2", "v1", "v2"]) {
    edit(world, { version });
    for (let round = 0; round < 20; round++) {
      tick(world, 1, eager);
      reasons.push(...pass(world).announcements.map(({ reason }) => reason));
    }
  }
  const changes = reasons.filter((reason) => reason === "RolledBack" || reason === "RolloutCompleted");
  assert.deepEqual(changes, ["RolloutCompleted", "RolledBack", "RolloutCompleted"]);
});

test("the previous version goes when its time is over", () => {
  const world = served({}, { keepPreviousSeconds: 60 });
  edit(world, { version: "v2" });
  settle(world);
  assert.equal(replicasOf(world, "v1"), 0);
  assert.equal(world.status?.previous, undefined);
});

test("pods that were kept warm are not told that they serve when they go", () => {
  const world = served({}, { keepPreviousSeconds: 60 });
  edit(world, { version: "v2" });
  const told: string[] = [];
  for (let round = 0; round < 100; round++) {
    tick(world, 1, eager);
    const { writes } = pass(world);
    told.push(
      ...writes.filter(({ kind, phase }) => kind.kind === "Pod" && phase === "prepare").map(({ name }) => name),
    );
  }
  assert.equal(replicasOf(world, "v1"), 0);
  assert.deepEqual(told, []);
});

test("0 replicas is a state, and coming back from it verifies before it serves", () => {
  const world = served();
  edit(world, { replicas: 0 });
  settle(world);
  assert.equal(conditionOf(world, "Ready")?.reason, "ScaledToZero");
  assert.equal(conditionOf(world, "Ready")?.status, "True");
  assert.equal(conditionOf(world, "Available")?.status, "False");
  edit(world, { replicas: 2 });
  pass(world);
  assert.equal(conditionOf(world, "Ready")?.reason, "Scaling");
  assert.equal(conditionOf(world, "Ready")?.status, "True", "Ready does not flap with a scaler's write");
  settle(world);
  assert.equal(conditionOf(world, "Ready")?.reason, "Serving");
});

test("scaling up turns neither Ready nor Available false", () => {
  const world = served();
  edit(world, { replicas: 6 });
  for (let round = 0; round < 10; round++) {
    pass(world);
    assert.equal(conditionOf(world, "Ready")?.status, "True");
    assert.equal(conditionOf(world, "Available")?.status, "True");
    assert.equal(world.status?.observedGeneration, world.generation);
    tick(world, 1, () => 0.3);
  }
});

test("CPU scaling without a request is told with field and fix, and what serves goes on", () => {
  const world = served();
  edit(world, { scaling: { min: 1, max: 4, metric: "CPU", targetPercent: 80 } });
  settle(world);
  assert.equal(conditionOf(world, "Ready")?.reason, "ScalingWithoutRequest");
  assert.match(conditionOf(world, "Stalled")?.message ?? "", /set spec.resources.requests.cpu/);
  assert.equal(conditionOf(world, "Available")?.status, "True");
  assert.ok(world.children.has("HorizontalPodAutoscaler/demo"));
  edit(world, { resources: { limits: { cpu: "1" } } });
  settle(world);
  assert.equal(conditionOf(world, "Ready")?.status, "True");
});

test("an autoscaler goes when scaling is taken out of the spec, and so does a NetworkPolicy", () => {
  const world = served({
    scaling: { min: 1, max: 4, metric: "Memory", targetPercent: 80 },
    resources: { requests: { memory: "1Gi" } },
    networkPolicy: {},
  });
  assert.ok(world.children.has("HorizontalPodAutoscaler/demo"));
  assert.ok(world.children.has("NetworkPolicy/demo"));
  const { scaling: _scaling, networkPolicy: _policy, ...rest } = world.spec;
  world.spec = rest;
  settle(world);
  assert.ok(!world.children.has("HorizontalPodAutoscaler/demo"));
  assert.ok(!world.children.has("NetworkPolicy/demo"));
});
