/** What stands in front of the pods while they are exchanged, and that Recreate runs one revision at a time. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Kind, kinds } from "../../../operator/api/kinds.ts";
import { type EveryVersion, watchEveryVersion } from "./every-version.ts";
import { type Bench, digest, eventually, type Json, model, servesVersion, startBench } from "./harness.ts";

let bench: Bench;
const watches: EveryVersion<Json>[] = [];

before(async () => {
  bench = await startBench({ kind: "ready", digest: digest("1") });
  await bench.startOperator();
});

after(async () => {
  await Promise.all(watches.map((watch) => watch.stop()));
  await bench.stop();
});

const versions = ["1", "2"].map((number) => ({
  name: `v${number}`,
  uri: `oci://registry.test/models/demo:${number}`,
  digest: digest("1"),
}));

async function follow(kind: Kind): Promise<readonly Json[]> {
  const watch = await watchEveryVersion<Json>(bench, kind);
  watches.push(watch);
  return watch.seen;
}

/** Selectors of one object in the order that they were in force, each once. */
function selectorsOf(seen: readonly Json[], name: string, select: (object: Json) => object): readonly string[] {
  const all = seen.filter(({ metadata }) => metadata.name === name).map((object) => JSON.stringify(select(object)));
  return all.filter((selector, index) => selector !== all[index - 1]);
}

for (const { what, rollout, shared } of [
  { what: "while two revisions share the traffic, and after", rollout: { maxSurge: 1 }, shared: true },
  { what: "over a flip", rollout: {}, shared: false },
]) {
  test(`the budget selects what the Service selects ${what}`, async () => {
    const name = shared ? "sharing" : "flipping";
    const services = await follow(kinds.service);
    const budgets = await follow(kinds.podDisruptionBudget);
    await bench.apply(model(name, { versions, replicas: 3, rollout }));
    await servesVersion(bench, name, "v1");
    const first = await bench.status(name);
    await bench.patchModel(name, { version: "v2" });
    await servesVersion(bench, name, "v2");
    const second = await bench.status(name);
    const exact = (revision: string | undefined): object => ({
      "slipway.dev/model": name,
      "slipway.dev/revision": revision,
    });
    const wanted = [
      exact(first.currentRevision),
      ...(shared ? [{ "slipway.dev/model": name }] : []),
      exact(second.currentRevision),
    ].map((selector) => JSON.stringify(selector));
    await eventually("both have been through it", () => {
      const ofService = selectorsOf(services, name, ({ spec }) => spec.selector);
      const ofBudget = selectorsOf(budgets, name, ({ spec }) => spec.selector.matchLabels);
      assert.deepEqual(ofService, wanted);
      assert.deepEqual(ofBudget, wanted);
      return Promise.resolve(true);
    });
  });
}

test("with Recreate the old pods are gone before a new one is made", async () => {
  await bench.apply(model("alone", { versions, replicas: 2, rollout: { strategy: "Recreate" } }));
  await servesVersion(bench, "alone", "v1");
  // Held by a finalizer, as a pod is that takes its time to end.
  const hold = async (finalizers: readonly string[] | null, name: string): Promise<void> => {
    const options = { type: "merge", fieldManager: "test" } as const;
    await bench.client.patch(kinds.pod, "default", name, { metadata: { finalizers } }, options);
  };
  const old = await podsOf("alone");
  assert.equal(old.length, 2);
  for (const { metadata } of old) await hold(["example.com/hold"], metadata.name);

  await bench.patchModel("alone", { version: "v2" });
  await eventually("the old pods are told to go", async () =>
    (await podsOf("alone")).every(({ metadata }) => metadata.deletionTimestamp !== undefined),
  );
  await delay(1_500); // time enough to make a pod too early
  const meanwhile = await podsOf("alone");
  assert.deepEqual(
    meanwhile.map(({ metadata }) => metadata.labels["slipway.dev/version"]),
    ["v1", "v1"],
  );
  assert.equal((await bench.status("alone")).readyReplicas, 0);

  for (const { metadata } of old) await hold(null, metadata.name);
  await servesVersion(bench, "alone", "v2");
  const now = await podsOf("alone");
  assert.deepEqual(
    now.map(({ metadata }) => metadata.labels["slipway.dev/version"]),
    ["v2", "v2"],
  );
});

async function podsOf(name: string): Promise<readonly Json[]> {
  return (await bench.list("pods")).filter(({ metadata }) => metadata.labels?.["slipway.dev/model"] === name);
}
