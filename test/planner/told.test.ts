/** Whatever happens in whatever order: no status that is ever written says more than is so. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { specOf } from "../fixtures/spec.ts";
import { tick } from "./life.ts";
import { pass, settle } from "./pass.ts";
import { perform, release, type Scenario, longScenario, worldOf } from "./scenario.ts";
import { conditionOf, createWorld, edit, type Told } from "./world.ts";

const runs = { numRuns: 300 };

/** Every status of a scenario, until all has come to rest. */
function toldIn(given: Scenario): readonly Told[] {
  const world = worldOf(given);
  for (const step of given.actions) perform(world, step);
  release(world);
  settle(world);
  return world.told;
}

function readyIn({ status }: Told): { readonly status: string; readonly reason: string } {
  const ready = status.conditions?.find(({ type }) => type === "Ready");
  assert.ok(ready);
  assert.equal(ready.observedGeneration, status.observedGeneration);
  return ready;
}

test("a bad edit never leaves Ready=True for the new generation, in any status on the way", () => {
  fc.assert(
    fc.property(longScenario, (given) => {
      for (const told of toldIn(given)) {
        assert.equal(told.status.observedGeneration, told.generation, "it speaks of the spec that it was made from");
        assert.equal(told.status.targetVersion, told.spec.version);
        const { status, reason } = readyIn(told);
        if (status !== "True" || given.behaviours[told.spec.version as "v1"] === "good") continue;
        // At 0 replicas nothing is wanted of it, and any version does that.
        assert.equal(told.spec.replicas, 0, JSON.stringify(told.status));
        assert.ok(["ScaledToZero", "Scaling"].includes(reason), reason);
      }
    }),
    runs,
  );
});

test("Ready=True with reason Serving: as many pods as are wanted answer, of the wanted version alone", () => {
  fc.assert(
    fc.property(longScenario, (given) => {
      for (const told of toldIn(given)) {
        const { status, reason } = readyIn(told);
        if (status !== "True" || reason !== "Serving") continue;
        assert.deepEqual([...told.serving], [told.spec.version], JSON.stringify(told.status));
        assert.equal(told.status.currentRevision, told.status.targetRevision);
        assert.equal(told.status.readyReplicas, told.spec.replicas);
      }
    }),
    runs,
  );
});

test("a version that is set at 0 replicas has to show that it works before Ready says so", () => {
  const world = createWorld(specOf(), {});
  settle(world);
  world.behaviour.set("v2", "slow");
  edit(world, { replicas: 0 });
  settle(world);
  edit(world, { version: "v2" });
  settle(world);
  assert.equal(conditionOf(world, "Ready")?.reason, "ScaledToZero");
  edit(world, { replicas: 3 });
  pass(world);
  assert.equal(conditionOf(world, "Ready")?.status, "False");
  assert.equal(conditionOf(world, "Stalled")?.status, "False", "its deadline begins now");
  edit(world, { replicas: 0 });
  settle(world);
  edit(world, { replicas: 3 });
  pass(world);
  assert.equal(conditionOf(world, "Ready")?.status, "False", "nor has it been tried since");
  world.behaviour.set("v2", "good");
  settle(world);
  edit(world, { replicas: 0 });
  settle(world);
  assert.equal(world.status?.rollout, undefined);
  world.behaviour.set("v2", "slow");
  for (const replicas of [3, 0, 3]) {
    edit(world, { replicas });
    pass(world);
    assert.equal(conditionOf(world, "Ready")?.status, "True", "a scaler's write is no reason to doubt it");
    tick(world, 1, () => 0);
  }
});

test("of a version that takes over at 0 replicas it is not said that it serves", () => {
  const world = createWorld(specOf({ replicas: 0 }), { v1: "good", v2: "good" });
  settle(world);
  edit(world, { version: "v2" });
  const messages = Array.from({ length: 5 }, () => {
    tick(world, 1, () => 0);
    return pass(world).announcements;
  }).flat();
  const took = messages.find(({ reason }) => reason === "RolloutCompleted");
  assert.match(took?.message ?? "", /^v2 .* takes over with no pods, as spec\.replicas is 0$/);
});
