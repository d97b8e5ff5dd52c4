/**
 * Whatever happens in whatever order, and wherever the operator dies: what must stay true of a rollout, and that it
 * always comes to rest. fast-check prints the seed and the shortest sequence that breaks a property.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { phases } from "../../operator/plan/children.ts";
import { planModel } from "../../operator/plan/plan.ts";
import {
  type Behaviour,
  createWorld,
  edit,
  inService,
  observeWorld,
  pass,
  replicasOf,
  settle,
  specOf,
  tick,
  type World,
} from "./world.ts";

type Action =
  | { readonly kind: "pass" }
  | { readonly kind: "cut"; readonly after: number }
  | { readonly kind: "tick"; readonly seconds: number; readonly seed: number }
  | { readonly kind: "version"; readonly version: string }
  | { readonly kind: "scale"; readonly replicas: number }
  | { readonly kind: "surge"; readonly maxSurge: number | string }
  | { readonly kind: "lose"; readonly index: number }
  | { readonly kind: "blink"; readonly index: number }
  | { readonly kind: "forget"; readonly what: "history" | "record" | "status" };

const surges = fc.constantFrom<number | string>("100%", "25%", 0, 1);

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 8, arbitrary: fc.constant({ kind: "pass" as const }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("cut" as const), after: fc.nat(8) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("tick" as const),
      seconds: fc.constantFrom(1, 3, 10, 400),
      seed: fc.nat(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("version" as const), version: fc.constantFrom("v1", "v2", "v3") }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("scale" as const), replicas: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("surge" as const), maxSurge: surges }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("lose" as const), index: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("blink" as const), index: fc.nat(9) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("forget" as const),
      what: fc.constantFrom("history" as const, "record" as const, "status" as const),
    }),
  },
);

const behaviour: fc.Arbitrary<Behaviour> = fc.constantFrom("good", "good", "corrupt", "slow");

const scenario = fc.record({
  replicas: fc.integer({ min: 1, max: 5 }),
  maxSurge: surges,
  maxUnavailable: fc.constantFrom<number | string>(0, 1, "50%"),
  keepPreviousSeconds: fc.constantFrom(0, 30, 300),
  minReadySeconds: fc.constantFrom(0, 5),
  behaviours: fc.record({ v1: fc.constant("good" as const), v2: behaviour, v3: behaviour }),
  actions: fc.array(action, { minLength: 1, maxLength: 40 }),
});

type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never;

const runs = { numRuns: 800 };

test("no pass takes ready pods out of service beyond what the spec allows", () => {
  fc.assert(
    fc.property(scenario, (given) => {
      const world = worldOf(given);
      for (const step of given.actions) {
        const before = {
          ready: carrying(world),
          previous: world.status?.previous?.version,
        };
        perform(world, step);
        if (step.kind !== "pass" && step.kind !== "cut") continue;
        const after = carrying(world);
        const allowed = Math.min(before.ready, floor(world));
        const backToWarm = before.previous === world.spec.version;
        assert.ok(
          after >= (backToWarm ? Math.min(1, allowed) : allowed),
          `${before.ready} -> ${after} ready in service, ${allowed} wanted`,
        );
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
        if (step.kind !== "pass") continue;
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
      const world = worldOf({ ...given, maxSurge: 1, replicas: 4 });
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
      settle(world);
      const good = given.behaviours[world.spec.version as "v1"] === "good";
      if (good && world.status?.rejected?.reason === "ProgressDeadlineExceeded") {
        // Time ran out while nobody moved; asked again, it has to work.
        edit(world, { rollout: { ...world.spec.rollout, retryToken: "again" } });
        settle(world);
      }
      assert.deepEqual(pass(world).writes, []);
      const ready = readyInService(world);
      const conditions = new Map(world.status?.conditions?.map((condition) => [condition.type, condition]));
      if (world.spec.replicas === 0) {
        assert.equal(ready, 0);
        return;
      }
      const target = world.spec.version;
      if (good) {
        assert.equal(world.status?.currentVersion, target, JSON.stringify(world.status));
        assert.equal(conditions.get("Ready")?.status, "True");
        assert.equal(ready, world.spec.replicas);
      } else if (world.status?.currentVersion !== undefined && world.status.currentVersion !== target) {
        assert.equal(conditions.get("Stalled")?.status, "True", JSON.stringify(world.status));
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
      const other = { ...observed.defaults, serverImage: "registry.test/server:2", plainHttpHosts: ["elsewhere.test"] };
      const again = pass(world);
      assert.deepEqual(again.writes, []);
      assert.deepEqual(planWith(world, other), []);
    }),
    { numRuns: 100 },
  );
});

test("writes come in the order of their phases and never two for one object", () => {
  fc.assert(
    fc.property(scenario, (given) => {
      const world = worldOf(given);
      for (const step of given.actions) {
        if (step.kind !== "pass") {
          perform(world, step);
          continue;
        }
        const names = pass(world).writes.map(({ kind, name }) => `${kind.kind}/${name}`);
        assert.equal(new Set(names).size, names.length);
      }
      assert.deepEqual(phases, ["prepare", "route", "release"]);
    }),
    runs,
  );
});

function worldOf(given: Scenario): World {
  const { replicas, maxSurge, maxUnavailable, keepPreviousSeconds, minReadySeconds, behaviours } = given;
  const rollout = { maxSurge, maxUnavailable, keepPreviousSeconds, minReadySeconds };
  const world = createWorld(specOf({ replicas }, rollout), behaviours);
  settle(world);
  return world;
}

function perform(world: World, step: Action): void {
  switch (step.kind) {
    case "pass":
      pass(world);
      return;
    case "cut":
      pass(world, step.after);
      return;
    case "tick":
      tick(world, step.seconds, sequence(step.seed));
      return;
    case "version":
      edit(world, { version: step.version });
      return;
    case "scale":
      edit(world, { replicas: step.replicas });
      return;
    case "surge":
      edit(world, { rollout: { ...world.spec.rollout, maxSurge: step.maxSurge } });
      return;
    case "blink":
      world.pods = world.pods.map((pod, index) =>
        index === step.index ? { ...pod, ready: false, readySince: undefined } : pod,
      );
      return;
    case "lose": {
      const lost = world.pods[step.index % Math.max(1, world.pods.length)];
      if (lost !== undefined) world.pods = world.pods.filter((pod) => pod !== lost);
      return;
    }
    case "forget":
      if (step.what === "status") world.status = undefined;
      for (const key of world.children.keys()) {
        if (step.what === "history" && key.startsWith("ControllerRevision/")) world.children.delete(key);
        if (step.what === "record" && key.startsWith("ConfigMap/")) world.children.delete(key);
      }
  }
}

function planWith(world: World, defaults: ReturnType<typeof observeWorld>["defaults"]): readonly unknown[] {
  const plan = planModel({ ...observeWorld(world), defaults });
  return plan?.writes ?? [];
}

function readyInService(world: World): number {
  return inService(world).filter(({ ready }) => ready).length;
}

/** Ready pods in service that the Deployments, as they are written now, leave in place. */
function carrying(world: World): number {
  const ready = inService(world).filter((pod) => pod.ready);
  return [...new Set(ready.map(({ version }) => version))]
    .map((version) => Math.min(ready.filter((pod) => pod.version === version).length, replicasOf(world, version)))
    .reduce((total, number) => total + number, 0);
}

/** Pods that have to go on serving through a change. */
function floor(world: World): number {
  const { replicas, rollout } = world.spec;
  const percent = (value: number | string): number =>
    typeof value === "number" ? value : (Number.parseInt(value, 10) * replicas) / 100;
  const surge = Math.ceil(percent(rollout.maxSurge));
  const unavailable = Math.floor(percent(rollout.maxUnavailable));
  return Math.max(0, replicas - (surge === 0 && unavailable === 0 ? 1 : unavailable));
}

/** A fixed stream of numbers in [0, 1) from a seed (a linear congruential generator). */
function sequence(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
