/** Models that cannot run twice: whatever meets such a change half-way, one revision runs at a time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eager, tick } from "./life.ts";
import { served, pass, rounds } from "./pass.ts";
import { edit, forgetStatus, readyInService, replicasOf } from "./world.ts";

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
