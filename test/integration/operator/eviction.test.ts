/**
 * Pods that their node put an end to. They lie there in phase Failed, and a ReplicaSet leaves them lying: they neither
 * serve nor run, and count as little as pods that are gone.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { kinds } from "../../../operator/api/kinds.ts";
import { labels } from "../../../operator/api/names.ts";
import { type Bench, condition, digest, eventually, model, servesVersion, startBench } from "./harness.ts";
import type { Pod } from "./pods.ts";

let bench: Bench;

before(async () => {
  bench = await startBench({ kind: "ready", digest: digest("1") });
  await bench.startOperator();
});

after(() => bench.stop());

const shortOfDisk = "The node was low on resource: ephemeral-storage.";

/** Versions of the model's own, whose fate is decided for it alone. */
function versionsOf(name: string): readonly object[] {
  return ["1", "2"].map((number) => ({
    name: `${name}-${number}`,
    uri: `oci://registry.test/models/demo:${number}`,
    digest: digest("1"),
  }));
}

function podsOf(name: string): readonly Pod[] {
  return bench.pods.list().filter(({ metadata }) => metadata.labels?.[labels.model] === name);
}

async function evictOne(name: string): Promise<void> {
  const [pod] = podsOf(name);
  assert.ok(pod);
  await bench.pods.evict(pod, shortOfDisk);
}

test("a pod that was evicted is told until another one is ready in its place, and never counted", async () => {
  const name = "steady";
  await bench.apply(model(name, { version: "steady-1", versions: versionsOf(name), replicas: 2 }));
  await servesVersion(bench, name, "steady-1");
  bench.pods.decide("steady-1", { kind: "pending" });
  await evictOne(name);
  const short = await eventually("it is told", async () => {
    const status = await bench.status(name);
    return status.lastFailure?.reason === "Evicted" && status.replicas === 2 ? status : undefined;
  });
  assert.match(short.lastFailure?.message ?? "", /evicted the pod: The node was low on resource: ephemeral-storage/);
  assert.equal(short.readyReplicas, 1);
  assert.match(condition(short, "Reconciling").message, /^1 of 2 pods ready; Schedule: the node evicted the pod: /);

  bench.pods.decide("steady-1", { kind: "ready", digest: digest("1") });
  const whole = await eventually("all is well again", async () => {
    const status = await bench.status(name);
    return condition(status, "Reconciling").reason === "Settled" ? status : undefined;
  });
  assert.equal(podsOf(name).length, 3, "the evicted one still lies there");
  assert.deepEqual([whole.replicas, whole.readyReplicas], [2, 2]);
  assert.equal(whole.lastFailure?.reason, "Evicted", "what happened in the night can be read in the morning");
  assert.ok(whole.lastFailure.recoveryTime);
  const version = whole.versions?.find((entry) => entry.name === "steady-1");
  assert.deepEqual([version?.replicas, version?.readyReplicas, version?.weight], [2, 2, 100]);
  const scale = `/apis/${kinds.model.group}/${kinds.model.version}/namespaces/default/${kinds.model.plural}/${name}/scale`;
  assert.equal(JSON.parse((await bench.plane.kubectl(["get", "--raw", scale])).stdout).status.replicas, 2);
});

test("pods that are evicted again and again leave a count, an Event each, and a few of them to look at", async () => {
  const name = "doomed";
  await bench.apply(model(name, { version: "doomed-1", versions: versionsOf(name) }));
  await servesVersion(bench, name, "doomed-1");
  for (let round = 1; round <= 5; round++) {
    const alive = podsOf(name).find(({ status }) => status?.phase !== "Failed");
    assert.ok(alive);
    await bench.pods.evict(alive, shortOfDisk);
    // Times are kept to the second, and a kubelet that finds a pod above its limits has looked ten seconds before.
    await delay(1_000);
    await eventually("it is told, and got over", async () => {
      const { lastFailure, readyReplicas } = await bench.status(name);
      return lastFailure?.pod === alive.metadata.name && lastFailure.recoveryTime !== undefined && readyReplicas === 1;
    });
    assert.equal((await bench.status(name)).lastFailure?.count, round === 1 ? undefined : round);
  }
  await eventually("three are left, and one serves", async () => {
    const { stdout } = await bench.plane.kubectl(["get", "pods", "-l", `slipway.dev/model=${name}`, "-o", "name"]);
    return stdout.trim().split("\n").length === 4;
  });
  await eventually("each has an Event", async () => {
    const told = (await bench.list("events")).filter(
      ({ reason, involvedObject }) => reason === "Evicted" && involvedObject.name === name,
    );
    return told.reduce((sum, { count = 1, series }) => sum + (series?.count ?? count ?? 1), 0) >= 5;
  });
  assert.equal(condition(await bench.status(name), "Ready").status, "True");
});

test("a pod that was evicted does not stand in the way of Recreate", async () => {
  const name = "alone";
  const rollout = { strategy: "Recreate" };
  await bench.apply(model(name, { version: "alone-1", versions: versionsOf(name), rollout }));
  await servesVersion(bench, name, "alone-1");
  await evictOne(name);
  await eventually("another one is ready in its place", async () => {
    return podsOf(name).length === 2 && (await bench.status(name)).readyReplicas === 1;
  });
  await bench.patchModel(name, { version: "alone-2" });
  await servesVersion(bench, name, "alone-2");
});
