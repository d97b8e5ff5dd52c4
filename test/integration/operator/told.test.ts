/** Every version of an object that anybody could have read: none says more than is so. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { kinds } from "../../../operator/api/kinds.ts";
import type { RawModel } from "../../../operator/projections.ts";
import { type EveryVersion, watchEveryVersion } from "./every-version.ts";
import { type Bench, condition, digest, eventually, model, servesVersion, startBench } from "./harness.ts";

let bench: Bench;
let watch: EveryVersion<RawModel>;

before(async () => {
  bench = await startBench({ kind: "ready", digest: digest("1") });
  watch = await watchEveryVersion<RawModel>(bench, kinds.model);
  await bench.startOperator();
});

after(async () => {
  await watch.stop();
  await bench.stop();
});

const spec = {
  replicas: 2,
  versions: [
    { name: "v1", uri: "oci://registry.test/models/demo:1", digest: digest("1") },
    { name: "page", uri: "oci://registry.test/models/demo:2" },
    { name: "roomless", uri: "oci://registry.test/models/demo:3", digest: digest("3") },
  ],
};

const edits: readonly { readonly what: string; readonly edit: object; readonly reason: string }[] = [
  { what: "a version that is no model", edit: { version: "page" }, reason: "NotAModel" },
  { what: "a version that finds no node", edit: { version: "roomless" }, reason: "Unschedulable" },
  { what: "a template that is refused", edit: { podTemplate: { spec: { nodeNames: "a" } } }, reason: "Refused" },
  {
    what: "a version that is no model, in an exchange",
    edit: { version: "page", rollout: { maxSurge: 1 } },
    reason: "NotAModel",
  },
  {
    what: "a version that is no model, with Recreate",
    edit: { version: "page", rollout: { strategy: "Recreate" } },
    reason: "NotAModel",
  },
];

for (const [index, { what, edit, reason }] of edits.entries()) {
  test(`${what} is never Ready, in any version of the object`, async () => {
    const name = `edited-${index}`;
    decide();
    await bench.apply(model(name, spec));
    await servesVersion(bench, name, "v1");
    await bench.patchModel(name, edit);
    const { generation = 0 } = (await bench.get("md", name)).metadata;
    await eventually("it is told", async () => condition(await bench.status(name), "Ready").reason === reason);
    await eventually("the watch has it", () => Promise.resolve(reasonsOf(name, generation).includes(reason)));
    assertNeverReady(name, generation);
  });
}

test("a version that is set at 0 replicas is not Ready when it is scaled up, until it has shown that it works", async () => {
  decide();
  await bench.apply(model("zero", spec));
  await servesVersion(bench, "zero", "v1");
  await bench.patchModel("zero", { replicas: 0 });
  await eventually("it is at 0", async () => condition(await bench.status("zero"), "Ready").reason === "ScaledToZero");
  await bench.patchModel("zero", { version: "page" });
  await eventually("it is set", async () => (await bench.status("zero")).currentVersion === "page");
  await bench.patchModel("zero", { replicas: 2 });
  const { generation = 0 } = (await bench.get("md", "zero")).metadata;
  await eventually("it is told", async () => condition(await bench.status("zero"), "Ready").reason === "NotAModel");
  await eventually("the watch has it", () => Promise.resolve(reasonsOf("zero", generation).includes("NotAModel")));
  assertNeverReady("zero", generation);
});

for (const replicas of [2, 4]) {
  test(`a model that is scaled from 1 to ${replicas} is Available in every version of the object`, async () => {
    const name = `grown-${replicas}`;
    await bench.apply(model(name, { ...spec, replicas: 1 }));
    await servesVersion(bench, name, "v1");
    const { resourceVersion } = (await bench.get("md", name)).metadata;
    const position = await eventually("the watch has it", () => {
      const index = versionsOf(name).findIndex(({ metadata }) => metadata.resourceVersion === resourceVersion);
      return Promise.resolve(index < 0 ? undefined : index + 1);
    });
    // What is added takes its time, as pods do.
    bench.pods.decide("v1", { kind: "pending" });
    await bench.plane.kubectl(["scale", "md", name, `--replicas=${replicas}`]);
    await eventually("it is under way", async () => condition(await bench.status(name), "Ready").reason === "Scaling");
    bench.pods.decide("v1", { kind: "ready", digest: digest("1") });
    await eventually("all serve", () =>
      Promise.resolve(versionsOf(name).some(({ status }) => status?.readyReplicas === replicas)),
    );
    const told = versionsOf(name).slice(position);
    assert.ok(told.some(({ status }) => condition(status ?? {}, "Ready").reason === "Scaling"));
    for (const { status, metadata } of told) {
      const { status: holds, reason } = condition(status ?? {}, "Available");
      assert.equal(holds, "True", `${metadata.resourceVersion}: Available=${holds} ${reason}`);
    }
  });
}

function decide(): void {
  const message = "index.html is an HTML page, not an ONNX model";
  bench.pods.decide("page", { kind: "failed", report: { ok: false, stage: "Download", reason: "NotAModel", message } });
  bench.pods.decide("roomless", { kind: "unschedulable", message: "0/1 nodes are available: 1 Insufficient memory." });
}

function versionsOf(name: string): readonly RawModel[] {
  return watch.seen.filter(({ metadata }) => metadata.name === name);
}

/** Reasons of Ready in the statuses that speak of a generation, in order. */
function reasonsOf(name: string, generation: number): readonly string[] {
  return versionsOf(name)
    .filter(({ status }) => status?.observedGeneration === generation)
    .map(({ status }) => condition(status ?? {}, "Ready").reason);
}

function assertNeverReady(name: string, generation: number): void {
  const told = versionsOf(name).filter(({ status }) => status?.observedGeneration === generation);
  assert.ok(told.length > 0);
  for (const { status, metadata } of told) {
    const { status: holds, reason } = condition(status ?? {}, "Ready");
    assert.equal(holds, "False", `${metadata.resourceVersion}: Ready=${holds} ${reason}`);
  }
  for (const { status, metadata } of versionsOf(name)) {
    for (const each of status?.conditions ?? []) {
      assert.equal(each.observedGeneration, status?.observedGeneration, metadata.resourceVersion);
    }
  }
}
