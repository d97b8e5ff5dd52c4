/** Where the bytes of a version can be had for good, and what is told when its reference leads elsewhere. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { stringsAt } from "../../operator/api/json.ts";
import { digestOf, eager, tick } from "./life.ts";
import { pass, served, settle } from "./pass.ts";
import { edit, modelName, type World } from "./world.ts";

/** The next pods of the version report this beside their digest. */
function report(world: World, version: string, more: { pin?: string; warning?: string; digest?: string }): void {
  world.pods = world.pods.map((pod) => {
    const { termination } = pod.fetch;
    if (pod.version !== version || termination?.report?.ok !== true) return pod;
    return {
      ...pod,
      fetch: { ...pod.fetch, termination: { ...termination, report: { ...termination.report, ...more } } },
    };
  });
}

function data(world: World): Readonly<Record<string, string>> {
  return stringsAt(world.children.get(`ConfigMap/${modelName}-versions`)?.object, "data");
}

function warningOf(world: World, version: string): string | undefined {
  return world.status?.versions?.find(({ name }) => name === version)?.warning;
}

test("a pin is recorded beside the digest that it was reported with, and gives way to a newer one", () => {
  const world = served();
  assert.deepEqual(data(world), { v1: digestOf("v1") });
  report(world, "v1", { pin: "a1" });
  settle(world);
  assert.deepEqual(data(world), { v1: digestOf("v1"), "_pin.v1": "a1" });
  report(world, "v1", { pin: "b2" });
  settle(world);
  assert.equal(data(world)["_pin.v1"], "b2", "what was pinned before may be gone");
  report(world, "v1", { pin: "c3", digest: digestOf("other") });
  settle(world);
  assert.equal(data(world)["_pin.v1"], "b2");
  assert.deepEqual(
    world.status?.versions?.flatMap(({ name, digest }) => (digest === undefined ? [] : [name])),
    ["v1"],
    "a pin is no version",
  );
});

test("a pin of other bytes than those on record is worth nothing", () => {
  const world = served();
  report(world, "v1", { pin: "a1", digest: digestOf("other") });
  settle(world);
  assert.deepEqual(data(world), { v1: digestOf("v1") });
});

test("a reference that leads elsewhere is a warning of its version, told once, until a newer pod has none", () => {
  const world = served();
  const warning = "the tag leads to other bytes";
  edit(world, { version: "v2" });
  settle(world);
  report(world, "v2", { warning });
  const events = [pass(world), pass(world), pass(world)].flatMap(({ announcements }) => announcements);
  assert.deepEqual(events, [{ type: "Warning", reason: "SourceChanged", message: `version v2: ${warning}` }]);
  assert.equal(warningOf(world, "v2"), warning);
  assert.equal(warningOf(world, "v1"), undefined);
  world.now += 1000;
  edit(world, { replicas: world.spec.replicas + 1 });
  pass(world);
  tick(world, 1, eager);
  settle(world);
  assert.equal(warningOf(world, "v2"), undefined, "what the newest says counts");
});
