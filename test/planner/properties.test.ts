/**
 * Whatever happens in whatever order, and wherever the operator dies: what must stay true of a rollout, and that it
 * always comes to rest. fast-check prints the seed and the shortest sequence that breaks a property.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { stringsAt, valueAt } from "../../operator/api/json.ts";
import { labels } from "../../operator/api/names.ts";
import type { Phase, Write } from "../../operator/plan/children/children.ts";
import { planModel } from "../../operator/plan/plan.ts";
import { targetRevision } from "../../operator/plan/revision/revision.ts";
import { annotations } from "../../server/contract.ts";
import { tick } from "./life.ts";
import { pass, settle } from "./pass.ts";
import { perform, release, scenario, sequence, worldOf } from "./scenario.ts";
import {
  conditionOf,
  edit,
  inService,
  modelName,
  observeWorld,
  readyInService,
  replicasOf,
  selectedRevision,
  type World,
} from "./world.ts";

const runs = { numRuns: 800 };

test("no pass takes ready pods out of service beyond what the spec allows", () => {
  fc.assert(
    fc.property(scenario, (given) => {
      const world = worldOf(given);
      for (const step of given.actions) {
        const before = {
          ready: carrying(world),
          selected: selectedRevision(world),
          previous: world.status?.previous?.revision,
        };
        perform(world, step);
        if (step.kind !== "pass" && step.kind !== "cut") continue;
        const target = targetRevision(world.spec)?.hash;
        const after = carrying(world);
        const allowed = Math.min(before.ready, floor(world, before.selected === target));
        const backToWarm = before.previous === target;
        assert.ok(
          after >= (backToWarm ? Math.min(1, allowed) : allowed),
          `${before.ready} -> ${after} ready in service, ${allowed} wanted`,
        );
      }
    }),
    runs,
  );
});

test("with Recreate no revision grows while another one has pods", () => {
  fc.assert(
    fc.property(scenario, (given) => {
      const world = worldOf({ ...given, strategy: "Recreate" });
      for (const step of given.actions) {
        const before = desiredOf(world);
        const occupied = new Set(world.pods.map(({ revision }) => revision));
        perform(world, step);
        if ((step.kind !== "pass" && step.kind !== "cut") || world.spec.rollout.strategy !== "Recreate") continue;
        for (const [revision, desired] of desiredOf(world)) {
          if (desired <= (before.get(revision) ?? 0)) continue;
          const others = [...before].filter(([other, wanted]) => other !== revision && wanted > 0);
          assert.deepEqual(others, []);
          assert.deepEqual(
            [...occupied].filter((other) => other !== revision),
            [],
          );
        }
      }
    }),
    runs,
  );
});

test("a paused model is left as it is", () => {
  fc.assert(
    fc.property(scenario, (given) => {
      const world = worldOf(given);
      for (const step of given.actions) {
        if (world.spec.paused === true && step.kind === "pass") assert.deepEqual(pass(world).writes, []);
        else perform(world, step);
      }
    }),
    runs,
  );
});

test("a Service never reaches pods of more than two revisions, nor a pod that is marked out", () => {
  fc.assert(
    fc.property(scenario, (given) => {
      const world = worldOf(given);
      for (const step of given.actions) {
        perform(world, step);
        if (step.kind !== "pass" || world.spec.paused === true || world.refused.size > 0) continue;
        assert.ok(new Set(inService(world).map(({ revision }) => revision)).size <= 2);
        assert.ok(inService(world).every((pod) => !pod.outOfService));
      }
    }),
    runs,
  );
});

test("an exchange that is let be never has more pods than replicas and surge", () => {
  fc.assert(
    fc.property(scenario, fc.nat(), (given, seed) => {
      const world = worldOf({ ...given, strategy: "Rolling", maxSurge: 1, replicas: 4 });
      edit(world, { version: "v2" });
      const chance = sequence(seed);
      for (let round = 0; round < 30 && world.status?.currentVersion === "v1"; round++) {
        pass(world);
        assert.ok(replicasOf(world, "v1") + replicasOf(world, "v2") <= 5);
        tick(world, 1, chance);
      }
    }),
    { numRuns: 300 },
  );
});

test("everything comes to rest: the target serves in full, or it was rejected and the one before serves in full", () => {
  fc.assert(
    fc.property(scenario, (given) => {
      const world = worldOf(given);
      for (const step of given.actions) perform(world, step);
      release(world);
      settle(world);
      const good = given.behaviours[world.spec.version as "v1"] === "good";
      if (good && world.status?.rejected?.reason === "ProgressDeadlineExceeded") {
        // Time ran out while nobody moved; asked again, it has to work.
        edit(world, { rollout: { ...world.spec.rollout, retryToken: "again" } });
        settle(world);
      }
      assert.deepEqual(pass(world).writes, []);
      const ready = readyInService(world);
      if (world.spec.replicas === 0) {
        assert.equal(ready, 0);
        return;
      }
      const target = world.spec.version;
      if (good) {
        assert.equal(world.status?.currentVersion, target, JSON.stringify(world.status));
        assert.equal(world.status.currentRevision, world.status.targetRevision);
        assert.equal(conditionOf(world, "Ready")?.status, "True");
        assert.equal(ready, world.spec.replicas);
        assert.notEqual(world.status.lastFailure?.revision, world.status.currentRevision, "what is past is not told");
      } else if (world.status?.currentVersion !== undefined && world.status.currentVersion !== target) {
        assert.equal(conditionOf(world, "Stalled")?.status, "True", JSON.stringify(world.status));
        // A version that was switched to at 0 replicas has never been tried; every other one serves on in full.
        if (given.behaviours[world.status.currentVersion as "v1"] === "good") assert.equal(ready, world.spec.replicas);
      }
    }),
    runs,
  );
});

test("a changed builder writes nothing over running models", () => {
  fc.assert(
    fc.property(scenario, (given) => {
      const world = worldOf(given);
      settle(world);
      const observed = observeWorld(world);
      const proxy = { http: "http://proxy.test:1", https: "http://proxy.test:2", exceptions: ["near.test"] };
      const other = {
        ...observed.defaults,
        serverImage: "registry.test/server:2",
        plainHttpHosts: ["elsewhere.test"],
        proxy,
      };
      const again = pass(world);
      assert.deepEqual(again.writes, []);
      assert.deepEqual(planWith(world, other), []);
    }),
    { numRuns: 100 },
  );
});

test("what adds is prepared, the Service turns after that, what takes away is released, and nothing is written twice", () => {
  fc.assert(
    fc.property(scenario, (given) => {
      const world = worldOf(given);
      for (const step of given.actions) {
        if (step.kind !== "pass") {
          perform(world, step);
          continue;
        }
        const desired = new Map([...desiredOf(world)].map(([revision, count]) => [`${modelName}-${revision}`, count]));
        const { writes } = pass(world);
        const names = writes.map(({ kind, name }) => `${kind.kind}/${name}`);
        assert.equal(new Set(names).size, names.length);
        for (const write of writes) assert.equal(write.phase, phaseOf(write, desired), JSON.stringify(write));
      }
    }),
    runs,
  );
});

/** Where a write belongs by what it does. */
function phaseOf(write: Write, desired: ReadonlyMap<string, number>): Phase {
  if (write.verb === "create") return "prepare";
  if (write.verb === "delete") return "release";
  if (write.kind.kind === "Pod") {
    return valueAt(write.body, "metadata", "annotations", annotations.inService) === null ? "prepare" : "release";
  }
  if (write.kind.kind === "Deployment") {
    const replicas = valueAt(write.body, "spec", "replicas");
    return typeof replicas === "number" && replicas < (desired.get(write.name) ?? 0) ? "release" : "prepare";
  }
  return ["Service", "PodDisruptionBudget"].includes(write.kind.kind) ? "route" : "prepare";
}

function planWith(world: World, defaults: ReturnType<typeof observeWorld>["defaults"]): readonly unknown[] {
  const plan = planModel({ ...observeWorld(world), defaults });
  return plan?.writes ?? [];
}

/** Ready pods in service that the Deployments, as they are written now, leave in place. */
function carrying(world: World): number {
  const ready = inService(world).filter((pod) => pod.ready);
  return [...desiredOf(world)]
    .map(([revision, desired]) => Math.min(ready.filter((pod) => pod.revision === revision).length, desired))
    .reduce((total, number) => total + number, 0);
}

/** Replicas of each Deployment as they are written. */
function desiredOf(world: World): ReadonlyMap<string, number> {
  return new Map(
    [...world.children]
      .filter(([key]) => key.startsWith("Deployment/"))
      .map(([, { object }]) => [
        stringsAt(object, "metadata", "labels")[labels.revision] ?? "",
        Number(valueAt(object, "spec", "replicas")),
      ]),
  );
}

/** Pods that have to go on serving; `stays`: what served before is what is wanted. */
function floor(world: World, stays: boolean): number {
  const { replicas, rollout } = world.spec;
  // Its very point is that one revision runs at a time, and nothing serves in between.
  if (rollout.strategy === "Recreate" && !stays) return 0;
  const percent = (value: number | string): number =>
    typeof value === "number" ? value : (Number.parseInt(value, 10) * replicas) / 100;
  const surge = Math.ceil(percent(rollout.maxSurge));
  const unavailable = Math.floor(percent(rollout.maxUnavailable));
  return Math.max(0, replicas - (surge === 0 && unavailable === 0 ? 1 : unavailable));
}
