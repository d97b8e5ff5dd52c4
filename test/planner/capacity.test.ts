/** What serves goes on serving: edits, scalers, deletions and failures that meet a change half-way. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { mergePatch } from "../../cli/plan/merge-patch.ts";
import { isJsonObject, type JsonObject } from "../../operator/api/json.ts";
import { specOf } from "../fixtures/spec.ts";
import { eager, digestOf, tick } from "./life.ts";
import { served, pass, rounds, settle } from "./pass.ts";
import {
  conditionOf,
  createWorld,
  edit,
  forgetStatus,
  modelName,
  readyInService,
  replicasOf,
  selectedRevision,
  type World,
} from "./world.ts";
import { change, midExchange, unready } from "./changed-pods.ts";

test("a first version that was never complete goes on serving while the next one comes up", () => {
  const world = createWorld(specOf(), { v1: "good", v2: "good" });
  rounds(world, () => replicasOf(world, "v1") === 3 && world.pods.length === 3);
  change(world, "v1", (pod, index) => (index < 2 ? { ...pod, ready: true, readySince: world.now } : pod));
  world.behaviour.set("v1", "slow");
  pass(world);
  const before = selectedRevision(world);
  edit(world, { version: "v2" });
  pass(world);
  assert.equal(selectedRevision(world), before);
  assert.equal(replicasOf(world, "v1"), 3);
  settle(world);
  assert.equal(world.status?.currentVersion, "v2");
});

test("a status that is lost while two versions share loses nothing", () => {
  const world = midExchange();
  forgetStatus(world);
  rounds(
    world,
    () => world.status?.currentVersion === "v2",
    () => assert.ok(readyInService(world) >= 4),
  );
});

test("a rejected version stays so through 0 replicas, and the one that served serves again", () => {
  const world = served();
  world.behaviour.set("v2", "corrupt");
  edit(world, { version: "v2" });
  settle(world);
  edit(world, { replicas: 0 });
  settle(world);
  assert.equal(world.status?.rejected?.reason, "NotAModel");
  assert.equal(readyInService(world), 0);
  edit(world, { replicas: 2 });
  settle(world);
  assert.equal(world.status?.currentVersion, "v1");
  assert.equal(readyInService(world), 2);
  assert.equal(replicasOf(world, "v2"), 0);
});

for (const [what, forget] of [
  ["the record", (world: World) => world.children.delete(`ConfigMap/${modelName}-versions`)],
  ["an entry of the record", (world: World) => editRecord(world, { v1: null })],
] as const) {
  test(`${what} is deleted: nothing is scaled down, and it comes back as it was`, () => {
    const world = served();
    forget(world);
    pass(world);
    assert.equal(replicasOf(world, "v1"), 3);
    assert.deepEqual(recorded(world), { v1: digestOf("v1") });
  });
}

test("a digest that is taken out of the spec stays on record", () => {
  const pinned = { name: "v1", uri: "oci://registry.test/models/v1:1", digest: digestOf("v1") };
  const world = createWorld(specOf({ versions: [pinned] }), { v1: "good" });
  settle(world);
  edit(world, { versions: [{ name: pinned.name, uri: pinned.uri }] });
  settle(world);
  assert.deepEqual(recorded(world), { v1: digestOf("v1") });
  assert.equal(conditionOf(world, "Ready")?.status, "True");
  edit(world, { versions: [{ ...pinned, digest: digestOf("other") }] });
  settle(world);
  assert.equal(conditionOf(world, "Ready")?.reason, "VersionReused");
  assert.equal(readyInService(world), 3, "the recorded bytes serve on");
});

test("a digest that somebody edits in the record is put back", () => {
  const world = served();
  editRecord(world, { v1: digestOf("other") });
  const plan = pass(world);
  assert.deepEqual(recorded(world), { v1: digestOf("v1") });
  assert.ok(plan.announcements.some(({ reason }) => reason === "DriftCorrected"));
});

test("a version may be called like a method that every object has", () => {
  const versions = ["constructor", "toString"].map((name) => ({ name, uri: `oci://registry.test/models/${name}:1` }));
  const world = createWorld(specOf({ version: "constructor", versions }), {});
  pass(world);
  assert.equal(replicasOf(world, "constructor"), 1, "its digest is not known yet");
  settle(world);
  assert.equal(world.status?.currentVersion, "constructor");
  assert.equal(recorded(world)["constructor"], digestOf("constructor"));
  assert.deepEqual(pass(world).writes, []);
});

test("going back in the middle of an exchange loses nothing and needs no more room than going on", () => {
  const world = midExchange();
  edit(world, { version: "v1" });
  rounds(
    world,
    () => selectedRevision(world) !== undefined,
    () => {
      assert.ok(readyInService(world) >= 4);
      assert.ok(replicasOf(world, "v1") + replicasOf(world, "v2") <= 5);
      if (selectedRevision(world) !== undefined) return;
      assert.deepEqual(conditionOf(world, "Ready")?.status, "False", "v2 answers as well");
      assert.equal(conditionOf(world, "Reconciling")?.reason, "Settling");
      assert.match(conditionOf(world, "Available")?.message ?? "", /shared/);
    },
  );
  settle(world);
  assert.equal(conditionOf(world, "Ready")?.status, "True");
  assert.equal(world.status?.currentVersion, "v1");
  assert.equal(replicasOf(world, "v2"), 0);
});

test("a scaler's write reaches the version that serves also while the next one gets nowhere", () => {
  const world = served({ replicas: 3 }, { maxSurge: 1 });
  world.behaviour.set("v2", "slow");
  edit(world, { version: "v2" });
  pass(world);
  edit(world, { replicas: 8 });
  pass(world);
  assert.equal(replicasOf(world, "v1"), 8);
  assert.equal(replicasOf(world, "v2"), 1);
});

test("the Deployment that serves is deleted in an exchange and made again with its pods", () => {
  const world = served({ replicas: 4 }, { maxSurge: 1 });
  world.behaviour.set("v2", "slow");
  edit(world, { version: "v2" });
  pass(world);
  world.children.delete(`Deployment/${modelName}-${world.status?.currentRevision}`);
  pass(world);
  assert.equal(replicasOf(world, "v1"), 4);
});

test("all that is left of the version that serves is its entry in the spec, and it comes back", () => {
  const world = served();
  world.behaviour.set("v2", "slow");
  edit(world, { version: "v2" });
  for (const kind of ["ControllerRevision", "Deployment"]) {
    world.children.delete(`${kind}/${modelName}-${world.status?.currentRevision}`);
  }
  settle(world);
  assert.equal(world.status?.currentVersion, "v1");
  assert.equal(readyInService(world), 3);
  assert.equal(world.status?.rejected?.reason, "ProgressDeadlineExceeded");
});

test("when nothing that serves is ready, the target takes over with its first pod", () => {
  const world = served({ replicas: 3 });
  edit(world, { version: "v2" });
  pass(world);
  tick(world, 1, eager);
  world.behaviour.set("v2", "slow");
  let made = false;
  change(world, "v2", (pod) => {
    if (made) return pod;
    made = true;
    const report = {
      ok: true,
      stage: "Download",
      digest: digestOf("v2"),
      bytes: 1,
      seconds: 1,
      signature: digestOf("v2"),
    } as const;
    const termination = { exitCode: 0, reason: "Completed", report, text: "" };
    return { ...pod, ready: true, readySince: world.now, fetch: { ...pod.fetch, state: "terminated", termination } };
  });
  pass(world);
  assert.equal(world.status?.currentVersion, "v1", "v1 is there in full");
  world.behaviour.set("v1", "slow");
  change(world, "v1", unready);
  pass(world);
  pass(world);
  assert.equal(world.status?.currentVersion, "v2");
  assert.equal(readyInService(world), 1);
});

test("a surge that is widened in an exchange loses nothing", () => {
  const world = midExchange();
  edit(world, { rollout: { ...world.spec.rollout, maxSurge: "100%" } });
  rounds(
    world,
    () => world.status?.currentVersion === "v2",
    () => assert.ok(readyInService(world) >= 4),
  );
});

function recorded(world: World): Readonly<Record<string, unknown>> {
  const data = world.children.get(`ConfigMap/${modelName}-versions`)?.object["data"];
  return isJsonObject(data) ? data : {};
}

function editRecord(world: World, data: JsonObject): void {
  const key = `ConfigMap/${modelName}-versions`;
  const found = world.children.get(key);
  if (found !== undefined) world.children.set(key, { ...found, object: mergePatch(found.object, { data }) });
}
