/** A download takes the time that it is given, and what ends at the deadline says where it stood. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Status } from "../../operator/api/model.ts";
import type { ObservedPod } from "../../operator/plan/observed.ts";
import { specOf } from "../fixtures/spec.ts";
import { eager, tick } from "./life.ts";
import { pass, served, settle } from "./pass.ts";
import { conditionOf, createWorld, edit, forgetStatus, replicasOf, type World } from "./world.ts";

/** v1 serves, and the only pod of v2 fetches. */
function fetching(...[overrides = {}, rollout]: Parameters<typeof specOf>): World {
  const world = served({ replicas: 1, ...overrides }, rollout);
  world.behaviour.set("v2", "fetching");
  edit(world, { version: "v2" });
  begin(world);
  return world;
}

function begin(world: World): void {
  pass(world);
  tick(world, 1, eager);
  tick(world, 1, eager);
  pass(world);
}

function later(world: World, seconds: number): Status {
  world.now += seconds * 1000;
  pass(world);
  return world.status ?? {};
}

function change(world: World, update: (pod: ObservedPod) => ObservedPod): void {
  world.pods = world.pods.map((pod) => (pod.version === "v2" ? update(pod) : pod));
}

const cut = {
  exitCode: 1,
  reason: "Error",
  report: {
    ok: false,
    stage: "Download",
    reason: "SourceUnavailable",
    message: "registry.test closes the connection",
  },
  text: "",
} as const;

test("a download of an hour is waited for, and what comes after it has the deadline of its own", () => {
  const world = fetching();
  for (let minute = 0; minute < 59; minute++) later(world, 60);
  assert.equal(world.status?.rejected, undefined);
  assert.equal(conditionOf(world, "Stalled")?.status, "False");
  assert.equal(replicasOf(world, "v2"), 1);
  world.behaviour.set("v2", "good");
  tick(world, 1, eager);
  world.behaviour.set("v2", "slow");
  assert.equal(later(world, 0).rollout?.fetchedReplicas, 1);
  assert.equal(later(world, 590).rejected, undefined, "the model is being loaded");
  world.behaviour.set("v2", "good");
  settle(world);
  assert.equal(later(world, 0).currentVersion, "v2");
});

test("the pass that would have been next at the deadline comes when the download must have ended", () => {
  const world = fetching({ source: { timeoutSeconds: 1800 } });
  later(world, 60);
  const started = Date.parse(world.status?.rollout?.lastProgressTime ?? "");
  const { wakeAfterMs = 0 } = pass(world);
  assert.equal(world.now + wakeAfterMs - started, (1800 + 600) * 1000);
});

test("a download that never ends is given up at stage Download", () => {
  const world = fetching({ source: { timeoutSeconds: 1800 } });
  const { rejected } = later(world, 2401);
  assert.deepEqual([rejected?.stage, rejected?.reason], ["Download", "ProgressDeadlineExceeded"]);
  assert.match(
    rejected?.message ?? "",
    /^no progress for 2400 s \(spec\.rollout\.progressDeadlineSeconds and spec\.source\.timeoutSeconds\): pod pod-\d+ still fetches the model$/,
  );
  assert.equal(conditionOf(world, "Stalled")?.reason, "ProgressDeadlineExceeded");
  assert.equal(replicasOf(world, "v2"), 0);
});

test("a download that fails is tried again until the deadline, and an attempt that runs by then comes to its end", () => {
  const world = fetching();
  change(world, (pod) => ({ ...pod, fetch: { ...pod.fetch, termination: cut } }));
  assert.equal(later(world, 590).rejected, undefined);
  assert.equal(later(world, 1000).rejected, undefined);
  assert.equal(conditionOf(world, "Stalled")?.status, "False");
  change(world, (pod) => ({ ...pod, fetch: { ...pod.fetch, state: "waiting" } }));
  const { rejected } = later(world, 1);
  assert.equal(rejected?.stage, "Download");
  assert.match(rejected.message, /^no progress for 600 s .*: SourceUnavailable: registry\.test closes/);
});

test("with nothing else to serve, a download that failed is overdue from the deadline on, also while it runs", () => {
  const world = createWorld(specOf({ replicas: 1 }), { v1: "fetching" });
  begin(world);
  for (const state of ["waiting", "running", "waiting", "running"] as const) {
    world.pods = world.pods.map((pod) => ({ ...pod, fetch: { ...pod.fetch, state, termination: cut } }));
    later(world, 601);
    assert.equal(conditionOf(world, "Stalled")?.reason, "ProgressDeadlineExceeded", state);
    assert.match(conditionOf(world, "Stalled")?.message ?? "", /^no progress: Download: registry\.test closes/);
  }
  assert.equal(replicasOf(world, "v1"), 1);
});

test("what was fetched is no progress twice: pods that are lost again and again end at the deadline", () => {
  const world = fetching();
  world.behaviour.set("v2", "good");
  tick(world, 1, eager);
  pass(world);
  world.behaviour.set("v2", "fetching");
  for (let round = 0; round < 10 && world.status?.rejected === undefined; round++) {
    world.pods = world.pods.filter(({ version }) => version !== "v2");
    begin(world);
    later(world, 500);
  }
  assert.equal(world.status?.rejected?.reason, "ProgressDeadlineExceeded");
});

test("the first version's download has its time too, and so has that of a pod which is lost later", () => {
  const world = createWorld(specOf({ replicas: 1 }), { v1: "fetching" });
  begin(world);
  later(world, 3000);
  assert.equal(conditionOf(world, "Stalled")?.status, "False");
  world.behaviour.set("v1", "good");
  settle(world);
  world.behaviour.set("v1", "fetching");
  world.pods = [];
  begin(world);
  later(world, 3000);
  assert.equal(conditionOf(world, "Stalled")?.status, "False");
  forgetStatus(world);
  pass(world);
  assert.equal(replicasOf(world, "v1"), 1);
});

test("of a pod that nothing is known to be wrong with, the deadline says where it stands", () => {
  const states: readonly (readonly [stage: string, says: RegExp, update: (pod: ObservedPod) => ObservedPod])[] = [
    ["Schedule", /the containers of pod pod-\d+ do not start: `kubectl describe pod pod-\d+` says why$/, waiting],
    ["Load", /pod pod-\d+ has the model and does not become ready: `kubectl logs pod-\d+ -c server`/, loading],
  ];
  for (const [stage, says, update] of states) {
    const world = fetching();
    world.behaviour.set("v2", "slow");
    change(world, update);
    later(world, 0);
    const { rejected } = later(world, 601);
    assert.equal(rejected?.stage, stage);
    assert.match(rejected.message, says);
    const first = createWorld(specOf({ replicas: 1 }), { v1: "slow" });
    begin(first);
    first.pods = first.pods.map(update);
    later(first, 0);
    later(first, 601);
    assert.match(conditionOf(first, "Stalled")?.message ?? "", says);
  }
});

function waiting(pod: ObservedPod): ObservedPod {
  return { ...pod, fetch: { ...pod.fetch, state: "waiting" } };
}

function loading(pod: ObservedPod): ObservedPod {
  const termination = { exitCode: 0, reason: "Completed", report: undefined, text: "" };
  return {
    ...pod,
    fetch: { ...pod.fetch, state: "terminated", termination },
    server: { ...pod.server, state: "running" },
  };
}
