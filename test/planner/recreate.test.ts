/** Models that cannot run twice: whatever meets such a change half-way, one revision runs at a time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eager, tick } from "./life.ts";
import { served, pass, rounds } from "./pass.ts";
import { conditionOf, edit, forgetStatus, readyInService, replicasOf, type World } from "./world.ts";

for (const [what, version] of [
  ["back", "v1"],
  ["on to a third version", "v3"],
] as const) {
  test(`going ${what} in the middle of Recreate never runs two versions`, () => {
    const world = served({ replicas: 2 }, { strategy: "Recreate" });
    edit(world, { version: "v2" });
    const alone = (): void => assert.ok(new Set(world.pods.map((pod) => pod.version)).size <= 1, "two run");
    rounds(world, () => world.pods.some((pod) => pod.version === "v2"), alone);
    edit(world, { version });
    rounds(world, () => world.status?.currentVersion === version && readyInService(world) === 2, alone);
  });
}

test("a status that is lost in the middle of Recreate never runs two versions", () => {
  const world = served({ replicas: 2 }, { strategy: "Recreate" });
  edit(world, { version: "v2" });
  rounds(world, () => world.pods.some((pod) => pod.deleting));
  forgetStatus(world);
  rounds(
    world,
    () => world.status?.currentVersion === "v2",
    () => {
      const grown = replicasOf(world, "v2") > 0 && world.pods.some((pod) => pod.version === "v1");
      assert.ok(!grown, "v2 is begun while v1 is on its way out");
    },
  );
});

test("a version that is rejected just after the strategy became Recreate takes nothing down with it", () => {
  const world = served({ replicas: 2 });
  world.behaviour.set("v2", "slow");
  edit(world, { version: "v2" });
  pass(world);
  tick(world, 1, eager);
  edit(world, { rollout: { ...world.spec.rollout, strategy: "Recreate" } });
  world.behaviour.set("v2", "corrupt");
  tick(world, 1, eager);
  pass(world);
  assert.equal(world.status?.rejected?.reason, "NotAModel");
  assert.equal(replicasOf(world, "v1"), 2);
});

test("Recreate that becomes Rolling half-way takes no traffic from the pods that have it", () => {
  const world = served({ replicas: 2 }, { strategy: "Recreate", minReadySeconds: 30 });
  edit(world, { version: "v2" });
  rounds(world, () => readyInService(world) > 0 && world.pods.every((pod) => pod.version === "v2"));
  edit(world, { rollout: { ...world.spec.rollout, strategy: "Rolling" } });
  rounds(
    world,
    () => world.status?.currentVersion === "v2",
    () => assert.ok(readyInService(world) > 0),
  );
});

/** The node of the pod is lost: asked to go, it stays, with 30 s of grace. */
function hang(world: World): void {
  const leaving = { since: world.now, until: world.now + 30_000 };
  world.pods = world.pods.map((pod) => ({ ...pod, deleting: true, ready: false, readySince: undefined, leaving }));
}

test("a pod that hangs Terminating is named, and nothing is given up for it", () => {
  const world = served({ replicas: 1 }, { strategy: "Recreate", progressDeadlineSeconds: 30 });
  edit(world, { version: "v2" });
  pass(world);
  hang(world);
  pass(world);
  const [pod] = world.pods;
  assert.ok(pod);
  assert.equal(conditionOf(world, "Ready")?.reason, "RolloutInProgress");
  assert.match(
    conditionOf(world, "Ready")?.message ?? "",
    new RegExp(`^v2: 0 of 1 pods ready; waits for pod ${pod.name} of v1, Terminating since [0-9TZ:-]+ on node node-1$`),
  );
  for (let waited = 0; waited < 3600; waited += 20) {
    world.now += 20_000;
    pass(world);
    assert.equal(world.status?.rejected, undefined);
    assert.equal(replicasOf(world, "v2"), 0);
  }
  assert.equal(conditionOf(world, "Ready")?.reason, "PodStuckTerminating");
  assert.equal(conditionOf(world, "Stalled")?.reason, "PodStuckTerminating");
  assert.match(conditionOf(world, "Stalled")?.message ?? "", new RegExp(`kubectl delete pod ${pod.name} --force$`));
  world.pods = [];
  rounds(world, () => world.status?.currentVersion === "v2");
  assert.equal(world.status?.rejected, undefined, "its time began with its first pod");
  pass(world);
  assert.equal(conditionOf(world, "Stalled")?.status, "False");
});

test("somebody looks again when the grace of a pod is long over, though nothing changes", () => {
  const world = served({ replicas: 1 }, { strategy: "Recreate", progressDeadlineSeconds: 3600 });
  edit(world, { version: "v2" });
  pass(world);
  hang(world);
  assert.equal(pass(world).wakeAfterMs, 60_000);
});

test("with Rolling, a pod that hangs is named beside what the new one waits for", () => {
  const world = served({ replicas: 1 });
  world.behaviour.set("v2", "unschedulable");
  edit(world, { version: "v2" });
  pass(world);
  tick(world, 1, eager);
  world.pods = world.pods.map((pod) =>
    pod.version === "v1"
      ? { ...pod, deleting: true, leaving: { since: world.now - 120_000, until: world.now - 60_000 } }
      : pod,
  );
  pass(world);
  assert.equal(conditionOf(world, "Ready")?.reason, "Unschedulable");
  assert.match(
    conditionOf(world, "Ready")?.message ?? "",
    /nodes are available.*; pod pod-\d+ of v1 keeps its place, Terminating/,
  );
});

test("a pod that hangs and holds nothing up stalls nothing", () => {
  const world = served({ replicas: 2 });
  const [gone] = world.pods;
  assert.ok(gone);
  const leaving = { since: world.now - 120_000, until: world.now - 60_000 };
  const hangs = { ...gone, name: "lost", uid: "lost", revision: "0123456789", ready: false, deleting: true, leaving };
  edit(world, { version: "v2" });
  rounds(
    world,
    () => world.status?.currentVersion === "v2",
    () => {
      if (!world.pods.some(({ name }) => name === "lost")) world.pods.push(hangs);
      assert.equal(conditionOf(world, "Stalled")?.status, "False");
      assert.notEqual(conditionOf(world, "Ready")?.reason, "PodStuckTerminating");
    },
  );
});
