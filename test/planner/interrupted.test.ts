/** Passes that die, come too early or find their status gone, in the middle of a change: nothing that serves is lost. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ObservedPod } from "../../operator/plan/observed.ts";
import { eager, tick } from "./life.ts";
import { served, pass, rounds, settle } from "./pass.ts";
import { conditionOf, edit, forgetStatus, readyInService, replicasOf, selectedRevision, type World } from "./world.ts";

/** Of the pods of a version the first so many are ready, and no other becomes so. */
function holdReady(world: World, version: string, most: number): void {
  world.behaviour.set(version, "slow");
  let count = 0;
  const hold = (pod: ObservedPod): ObservedPod => {
    const ready = ++count <= most;
    return { ...pod, ready, readySince: ready ? world.now : undefined };
  };
  world.pods = world.pods.map((pod) => (pod.version === version && !pod.deleting ? hold(pod) : pod));
}

test("passes that come before the pods of the last one have gone give up no more pods", () => {
  const world = served({ replicas: 4 }, { maxSurge: 1, maxUnavailable: 2 });
  edit(world, { version: "v2" });
  for (let round = 0; round < 2; round++) {
    pass(world);
    tick(world, 1, eager);
  }
  holdReady(world, "v2", 1);
  pass(world);
  tick(world, 1, eager);
  holdReady(world, "v2", 2);
  assert.deepEqual([replicasOf(world, "v1"), replicasOf(world, "v2")], [1, 4]);
  edit(world, { version: "v1" });
  for (let round = 0; round < 3; round++) pass(world);
  const left = ["v1", "v2"].map((version) => {
    const ready = world.pods.filter((pod) => pod.ready && pod.version === version).length;
    return Math.min(replicasOf(world, version), ready);
  });
  assert.ok((left[0] ?? 0) + (left[1] ?? 0) >= 2, `${left.join(" and ")} are left`);
});

test("a pass that died in the middle of a flip takes no traffic from the only pods that answer", () => {
  const world = served({ replicas: 2 });
  const first = selectedRevision(world);
  edit(world, { version: "v2" });
  rounds(world, () => world.pods.filter((pod) => pod.ready && pod.version === "v2").length === 2);
  // It dies as soon as the Service has turned.
  for (let writes = 1; selectedRevision(world) === first; writes++) pass(world, writes);
  assert.equal(world.status?.currentVersion, "v1");
  edit(world, { version: "v1" });
  holdReady(world, "v1", 0);
  pass(world);
  assert.ok(readyInService(world) > 0);
  assert.equal(conditionOf(world, "Ready")?.status, "False");
  world.behaviour.set("v1", "good");
  settle(world);
  assert.equal(conditionOf(world, "Ready")?.status, "True");
  assert.equal(replicasOf(world, "v2"), 0);
});

for (const version of ["v2", "v3"]) {
  test(`a status that is lost while v1 shares with ${version}, without a surge, loses nothing`, () => {
    const world = served({ replicas: 3 }, { maxSurge: 0 });
    edit(world, { version });
    rounds(world, () => selectedRevision(world) === undefined);
    tick(world, 1, eager);
    for (const each of ["v1", version]) holdReady(world, each, 1);
    forgetStatus(world);
    pass(world);
    assert.equal(readyInService(world), 2);
  });
}
