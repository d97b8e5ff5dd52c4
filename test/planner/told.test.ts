/** Whatever happens in whatever order: no status that is ever written says more than is so. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { settle } from "./pass.ts";
import { perform, release, type Scenario, scenario, worldOf } from "./scenario.ts";
import type { Told } from "./world.ts";

const runs = { numRuns: 500 };

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
    fc.property(scenario, (given) => {
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
    fc.property(scenario, (given) => {
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
