import assert from "node:assert/strict";
import { test } from "node:test";
import { mergePatch } from "../../cli/plan/merge-patch.ts";
import { served, pass, rounds, settle } from "./pass.ts";
import { conditionOf, edit } from "./world.ts";

test("a paused model is left alone, and tells what would be done and why", () => {
  const world = served();
  edit(world, { version: "v2", paused: true });
  const plan = pass(world);
  assert.deepEqual(plan.writes, []);
  assert.equal(conditionOf(world, "Ready")?.reason, "Paused");
  assert.equal(conditionOf(world, "Available")?.status, "True");
  assert.match(world.status?.plan?.[0] ?? "", /v2 comes up whole beside v1/);
  assert.ok(
    world.status?.plan?.some((line) => /^create Deployment\/demo-\S+: runs the revision: \d+ pods? of v2/.test(line)),
  );
  assert.ok(world.status?.plan?.slice(1).every((line) => /^(create|change|delete) \S+: \S/.test(line)));
  edit(world, { paused: false });
  settle(world);
  assert.equal(world.status?.currentVersion, "v2");
  assert.equal(world.status?.plan, undefined);
});

test("a paused model tells its writes in the order of doing: pods are back in service before traffic goes to them", () => {
  const world = served();
  edit(world, { version: "v2" });
  rounds(world, () => world.status?.currentVersion === "v2" && world.pods.some(({ outOfService }) => outOfService));
  edit(world, { version: "v1", paused: true });
  pass(world);
  const told = (world.status?.plan ?? []).slice(1).map((line) => line.replace(/^.*?: (.{15}).*$/, "$1"));
  assert.deepEqual([...new Set(told)], ["back in service", "traffic goes to", "follows the Ser", "out of service:"]);
});

test("a paused model tells a field that somebody changed from one that its spec changed", () => {
  const world = served();
  const key = [...world.children.keys()].find((name) => name.startsWith("Service/")) ?? "";
  const service = world.children.get(key);
  assert.ok(service !== undefined);
  const object = mergePatch(service.object, { spec: { type: "NodePort" } });
  world.children.set(key, { ...service, object });
  edit(world, { paused: true });
  pass(world);
  const corrected = 'change Service/demo: a field that somebody changed is put back (spec.type = "ClusterIP")';
  assert.deepEqual(world.status?.plan?.slice(1), [corrected]);
  edit(world, { service: { type: "LoadBalancer", port: 80 } });
  pass(world);
  assert.match(
    world.status?.plan?.[1] ?? "",
    /^change Service\/demo: its type, port or annotations as the spec has them/,
  );
});

test("a paused model with nothing to do is Ready", () => {
  const world = served();
  edit(world, { paused: true });
  pass(world);
  assert.equal(conditionOf(world, "Ready")?.status, "True");
  assert.equal(conditionOf(world, "Reconciling")?.reason, "Paused");
});
