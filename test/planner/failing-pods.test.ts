/** Pods that fail or get nowhere beside those that serve. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eager, digestOf, tick } from "./life.ts";
import { served, pass, settle } from "./pass.ts";
import { conditionOf, edit, forgetStatus, readyInService, replicasOf } from "./world.ts";
import { change, failedForGood, passed, unloadable, unready } from "./changed-pods.ts";

test("waiting for minReadySeconds is no lack of progress", () => {
  const world = served({}, { minReadySeconds: 300, progressDeadlineSeconds: 60 });
  edit(world, { version: "v2" });
  for (let round = 0; round < 40 && world.status?.currentVersion !== "v2"; round++) {
    pass(world);
    tick(world, 30, eager);
  }
  assert.equal(world.status?.rejected, undefined);
  assert.equal(world.status?.currentVersion, "v2");
});

test("one pod that fails for good does not take down those that are not ready for a moment", () => {
  const world = served();
  change(world, "v1", (pod, index) => (index === 0 ? unloadable(pod) : unready(pod)));
  pass(world);
  assert.equal(replicasOf(world, "v1"), 3);
  assert.equal(world.status?.rejected, undefined);
  change(world, "v1", unloadable);
  const { status } = passed(world);
  assert.equal(status?.rejected?.reason, "LoadFailed", "now none can come back");
  assert.equal(replicasOf(world, "v1"), 0);
});

test("a version that served is not given up for what its source says today, which is told at once", () => {
  const world = served();
  change(world, "v1", failedForGood);
  for (let round = 0; round < 50; round++) {
    pass(world);
    world.now += 60_000;
    assert.equal(replicasOf(world, "v1"), 3);
    assert.equal(world.status?.rejected, undefined);
    for (const [type, status] of [
      ["Ready", "False"],
      ["Available", "False"],
      ["Stalled", "True"],
    ] as const) {
      assert.equal(conditionOf(world, type)?.status, status, type);
    }
    assert.equal(conditionOf(world, "Ready")?.reason, "VersionReused");
    assert.match(conditionOf(world, "Ready")?.message ?? "", /^0 of 3 pods ready; Download: other bytes$/);
  }
  change(world, "v1", (pod) => ({ ...pod, ready: true, readySince: world.now }));
  settle(world);
  assert.equal(conditionOf(world, "Ready")?.status, "True");
  assert.equal(conditionOf(world, "Stalled")?.status, "False");
});

test("pods of a scale-out that fail for good are told at once, and those that serve go on", () => {
  const world = served({ replicas: 1 });
  edit(world, { replicas: 3 });
  pass(world);
  tick(world, 1, () => 1);
  change(world, "v1", (pod) => (pod.ready ? pod : failedForGood(pod)));
  pass(world);
  assert.equal(conditionOf(world, "Ready")?.status, "False");
  assert.equal(conditionOf(world, "Ready")?.reason, "VersionReused");
  assert.equal(conditionOf(world, "Ready")?.message, "1 of 3 pods ready; Download: other bytes");
  assert.equal(conditionOf(world, "Available")?.status, "True");
  assert.equal(conditionOf(world, "Stalled")?.reason, "VersionReused");
  assert.equal(readyInService(world), 1);
});

test("one that was fetched before is not given up for its source, though its status was lost, or it came from 0", () => {
  const restored = served();
  forgetStatus(restored);
  restored.pods = [];
  tick(restored, 1, () => 1);
  change(restored, "v1", failedForGood);
  const back = served({ replicas: 1 });
  edit(back, { replicas: 0 });
  settle(back);
  edit(back, { version: "v2" });
  settle(back);
  edit(back, { version: "v1" });
  settle(back);
  edit(back, { replicas: 1 });
  pass(back);
  tick(back, 1, () => 1);
  change(back, "v1", failedForGood);
  for (const world of [restored, back]) {
    for (let round = 0; round < 3; round++) {
      pass(world);
      world.now += 600_000;
    }
    assert.equal(world.status?.rejected, undefined);
    assert.equal(replicasOf(world, "v1"), world.spec.replicas);
    assert.equal(conditionOf(world, "Ready")?.status, "False");
  }
});

test("one that was set at 0 replicas and has never served is given up when its download fails for good", () => {
  const world = served({ replicas: 0 });
  edit(world, { version: "v2" });
  settle(world);
  edit(world, { replicas: 2 });
  pass(world);
  tick(world, 1, () => 1);
  change(world, "v2", failedForGood);
  pass(world);
  assert.equal(world.status?.rejected?.reason, "VersionReused");
});

test("pods that are lost while more are on their way are no scaling", () => {
  const world = served();
  world.behaviour.set("v1", "slow");
  edit(world, { replicas: 5 });
  tick(world, 1, eager);
  pass(world);
  assert.equal(conditionOf(world, "Ready")?.reason, "Scaling");
  change(world, "v1", unready);
  pass(world);
  assert.equal(conditionOf(world, "Ready")?.status, "False");
  pass(world);
  assert.equal(conditionOf(world, "Ready")?.status, "False");
});

test("what was refused without a pod is the last failure, whatever failed before", () => {
  const world = served();
  world.behaviour.set("v2", "corrupt");
  edit(world, { version: "v2" });
  settle(world);
  assert.equal(world.status?.lastFailure?.reason, "NotAModel");
  const other = { name: "v1", uri: "oci://registry.test/models/v1:1", digest: digestOf("other") };
  edit(world, { version: "v1", versions: [other] });
  const { status } = passed(world);
  assert.deepEqual(
    [status?.lastFailure?.reason, status?.lastFailure?.revision],
    ["VersionReused", status?.targetRevision],
  );
});
