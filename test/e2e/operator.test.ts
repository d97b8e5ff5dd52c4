import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { nodeCluster } from "../../demo/cluster.ts";
import { installChart } from "../../demo/steps.ts";
import { type Client, createClient } from "../../operator/kube/transport/client.ts";
import { systemClock } from "../../operator/kube/clock.ts";
import { kubeconfigAccess } from "../../operator/kube/transport/credentials.ts";
import { createMetrics } from "../../operator/kube/metrics.ts";
import { createTransport } from "../../operator/kube/transport/transport.ts";
import { annotations } from "../../server/contract.ts";
import { silent } from "../cluster/report.ts";
import { type Bench, startBench } from "./bench.ts";
import { extendImage } from "./images.ts";
import {
  followLeadership,
  hasReconciled,
  killOperator,
  type Leadership,
  operatorPods,
  settled,
  systemNamespace,
  type Tenure,
  versionsOfAll,
} from "./leadership.ts";
import { underLoad } from "./load.ts";
import { model, pushVersions } from "./models.ts";
import { type Pod, podResource, uids } from "./pods.ts";
import { eventually, reached } from "./wait.ts";

const name = "carefree";
/** From SIGTERM to the next holder: sooner than a lease of 15 s, renewed 2 s before, would have been over. */
const handoverMs = 13_000;
/** A lease of 15 s, seen up to 2 s after it was renewed; the rest is a busy machine's. */
const takeoverMs = 60_000;

let bench: Bench;
let leadership: Leadership;

before(async () => {
  bench = await startBench("e2e-operator");
  leadership = await followLeadership(bench);
  await bench.apply(model(name, await pushVersions(bench, name)));
  await reached(bench, name, "v1");
});

after(async () => {
  await leadership.stop();
  await installChart(nodeCluster(bench.node), bench.images, silent);
  await bench.stop();
});

test("a leader that is told to go hands over before its lease is over, and its successor writes nothing over what runs", async (t) => {
  const leader = await settled(bench, leadership);
  const everything = await atRest();
  const log = bench.node.kubectl(["logs", "--follow", "-n", systemNamespace, leader.metadata.name]);
  const seen = leadership.states().length;
  await bench.node.kubectl(["delete", "pod", "-n", systemNamespace, leader.metadata.name, "--wait=false"]);
  const next = await eventually("another one holds the lease", async () => successor(seen, leader));
  const [, stopping] = /"time":(\d+),[^\n]*"msg":"stopping/.exec((await log).stdout) ?? [];
  const released = leadership.states().find((state, index) => index >= seen && state.pod === undefined);
  assert.ok(stopping !== undefined && released !== undefined, "it did not give the lease back");
  const afterStop = next.acquiredMs - Number(stopping);
  const afterRelease = next.acquiredMs - released.renewedMs;
  t.diagnostic(`the next took the lease ${afterStop} ms after SIGTERM, ${afterRelease} ms after it was given back`);
  assert.ok(afterStop < handoverMs, `${afterStop} ms from SIGTERM to the next leader`);

  await settled(bench, leadership);
  await hasReconciled(bench, next.pod);
  assert.deepEqual(await versionsOfAll(bench), everything);
  await bench.patchModel(name, { replicas: 2 });
  await reached(bench, name, "v1");
});

function successor(seen: number, leader: Pod): Tenure {
  const next = leadership
    .states()
    .find(({ pod }, index) => index >= seen && pod !== undefined && pod !== leader.metadata.name);
  return next ?? assert.fail("nobody yet");
}

test("a leader that is killed is replaced when its lease has run out; serving goes on, and edits are made up for", async (t) => {
  const leader = await settled(bench, leadership);
  await underLoad(bench, name, async () => {
    const seen = leadership.states().length;
    const killedMs = Date.now();
    killOperator(leader);
    await bench.patchModel(name, { version: "v2" });
    const next = await eventually("another process holds the lease", async () => {
      const states = leadership.states().slice(seen);
      return states.find(({ acquiredMs }) => acquiredMs > killedMs) ?? assert.fail("nobody yet");
    });
    t.diagnostic(`the lease was taken over after ${next.acquiredMs - killedMs} ms by ${next.pod}`);
    assert.ok(next.acquiredMs - killedMs < takeoverMs);
    await reached(bench, name, "v2");
  });
  await settled(bench, leadership);
});

test("an upgrade with another server image restarts no model; restartToken takes the image up", async () => {
  const pods = await bench.pods(name);
  const everything = await atRest();
  const { server, operator } = bench.images;
  const image = await extendImage(server, "upgrade", [{ path: "release-notes", content: Buffer.from("new") }]);
  const operators = uids(await operatorPods(bench));
  await installChart(nodeCluster(bench.node), { operator, server: image }, silent);
  const leader = await settled(bench, leadership);
  await hasReconciled(bench, leader.metadata.name);
  assert.ok(
    uids(await operatorPods(bench)).every((uid) => !operators.includes(uid)),
    "the operators are the old ones",
  );
  assert.deepEqual(await versionsOfAll(bench), everything);

  await underLoad(bench, name, async () => {
    await bench.patchModel(name, { restartToken: "take up the new image" });
    await reached(bench, name, "v2");
    await delay(500);
  });
  const images = (await bench.pods(name))
    .filter(({ metadata }) => pods.every((old) => old.metadata.uid !== metadata.uid))
    .map(({ spec }) => spec.containers[0]?.image);
  assert.deepEqual(images, [`${image.repository}:${image.tag}`, `${image.repository}:${image.tag}`]);
});

/** The versions of all objects, once they have stayed the same for a while. */
async function atRest(): Promise<Readonly<Record<string, string>>> {
  let last = await versionsOfAll(bench);
  return eventually("nothing is written any more", async () => {
    await delay(2_000);
    const earlier = last;
    last = await versionsOfAll(bench);
    assert.deepEqual(last, earlier);
    return last;
  });
}

test("the operator's account may mark the models' pods, and touch nothing else of any pod", async (t) => {
  const account = await operatorAccount();
  t.after(account.close);
  const annotate = async (pod: Pod | undefined, annotation: object): Promise<string> => {
    const { namespace, name: podName = "" } = pod?.metadata ?? {};
    const patch = account.client.patch(
      podResource,
      namespace,
      podName,
      { metadata: { annotations: annotation } },
      merge,
    );
    return patch.then(() => "accepted", String);
  };
  const [own] = await bench.pods(name);
  const [foreign] = await operatorPods(bench);
  assert.match(await annotate(own, { other: "x" }), /may change no annotation of a pod but slipway\.dev\/in-service/);
  assert.match(await annotate(foreign, { [annotations.inService]: "false" }), /belongs to no ModelDeployment/);
  assert.equal(await annotate(own, { [annotations.inService]: "true" }), "accepted");
});

const merge = { type: "merge", fieldManager: "slipway" } as const;

/** A client with the rights of the operator, by a token of its ServiceAccount. */
async function operatorAccount(): Promise<{ readonly client: Client; readonly close: () => Promise<void> }> {
  const admin = await kubeconfigAccess({ file: bench.node.adminKubeconfigPath, clock: systemClock });
  const { ca = "" } = await admin.credentials.tls();
  const tls = { ca };
  const token = await bench.node.kubectl(["create", "token", "slipway-operator", "-n", systemNamespace]);
  const transport = createTransport({
    server: admin.server,
    credentials: { authorization: async () => `Bearer ${token.stdout.trim()}`, tls: async () => tls },
    clock: systemClock,
    random: Math.random,
    metrics: createMetrics(),
    userAgent: "slipway-test",
  });
  return { client: createClient(transport, { mayWrite: () => true }), close: () => transport.close() };
}
