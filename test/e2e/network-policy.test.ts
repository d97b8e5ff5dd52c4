import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { kinds } from "../../operator/api/kinds.ts";
import type { KubeObject } from "../../operator/kube/transport/resources.ts";
import { ports } from "../../server/contract.ts";
import { dnsAddress, nodeAddress, nodeNames, registryName, registryPort } from "../cluster/node/addresses.ts";
import { enforceNetworkPolicies, type PolicyEngine } from "../cluster/node/policy-engine.ts";
import { type Bench, startBench } from "./bench.ts";
import {
  type Caller,
  connectFrom,
  listenIn,
  lookUpFrom,
  nodeCaller,
  podCaller,
  startCallers,
  whoReaches,
} from "./caller.ts";
import { followLeadership, operatorPods, settled, systemNamespace } from "./leadership.ts";
import { underLoad } from "./load.ts";
import { model, pushVersions } from "./models.ts";
import { addressOf, isReady, type Pod, uids } from "./pods.ts";
import { eventually, reached } from "./wait.ts";

const namespace = "e2e-network-policy";
const elsewhere = "e2e-network-policy-elsewhere";
const calmMs = 1_000;

interface ServiceObject extends KubeObject {
  readonly spec: { readonly clusterIP: string; readonly ports: readonly { readonly nodePort?: number }[] };
}

let bench: Bench;
let engine: PolicyEngine;
/** In the order of their names in every list below. */
let callers: readonly Caller[];
let client: Caller;
let stranger: Caller;

before(async () => {
  bench = await startBench(namespace);
  await bench.node.kubectl(["delete", "namespace", elsewhere, "--ignore-not-found", "--timeout=120s"]);
  await bench.node.kubectl(["create", "namespace", elsewhere]);
  const pods = await startCallers(bench, [
    { name: "client", namespace, labels: { role: "client" } },
    { name: "stranger", namespace },
    // Of the same labels, which mean nothing in another namespace.
    { name: "prometheus", namespace: systemNamespace, labels: { role: "client" } },
    { name: "outsider", namespace: elsewhere, labels: { role: "client" } },
  ]);
  [client, stranger] = pods as [Caller, Caller];
  callers = [...pods, nodeCaller(bench)];
  engine = await enforceNetworkPolicies(bench.node, (line) => process.stderr.write(`${line}\n`));
});

after(async () => {
  await engine.stop();
  await bench.node.kubectl(["-n", systemNamespace, "delete", "pod", "prometheus", "--now"]);
  await bench.node.kubectl(["delete", "namespace", elsewhere, "--wait=false"]);
  await bench.stop();
});

test("a model is reached by whom its policy names, by the node, and for metrics from the operator's namespace", async () => {
  const name = "fenced";
  const networkPolicy = { from: [{ podSelector: { matchLabels: { role: "client" } } }] };
  // Without an old version that stays warm.
  const rollout = { keepPreviousSeconds: 0 };
  await bench.apply(model(name, await pushVersions(bench, name), { networkPolicy, rollout }));
  // By then the model was fetched from its registry and the kubelet's probes have passed.
  await reached(bench, name, "v1");
  await reach(name, { http: ["client", "node"], metrics: ["prometheus", "node"] });

  await bench.patchModel(name, { networkPolicy: { from: null } });
  await reach(name, { http: ["client", "stranger", "node"], metrics: ["prometheus", "node"] });

  const other = { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": elsewhere } } };
  await bench.patchModel(name, { networkPolicy: { from: [other] } });
  await reach(name, { http: ["outsider", "node"], metrics: ["prometheus", "node"] });

  await bench.patchModel(name, { networkPolicy: { from: [] } });
  await reach(name, { http: ["node"], metrics: ["prometheus", "node"] });

  // Pods that start behind a policy that lets nobody in: no probe and no download is held back by it.
  const first = uids(await bench.pods(name));
  await bench.patchModel(name, { restartToken: "behind the fence" });
  const [pod] = await eventually("another pod serves", async () => {
    const pods = await bench.pods(name);
    assert.notDeepEqual(uids(pods), first);
    assert.deepEqual(pods.map(isReady), [true]);
    return pods;
  });
  await reach(name, { http: ["node"], metrics: ["prometheus", "node"] });
  assert.equal(pod?.status.containerStatuses?.[0]?.restartCount, 0);

  // Policies add up: what is read elsewhere is let through by one more.
  await bench.apply({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "metrics-elsewhere" },
    spec: {
      podSelector: { matchExpressions: [{ key: "slipway.dev/model", operator: "Exists" }] },
      policyTypes: ["Ingress"],
      ingress: [{ from: [other], ports: [{ port: "metrics", protocol: "TCP" }] }],
    },
  });
  await reach(name, { http: ["node"], metrics: ["prometheus", "outsider", "node"] });

  await bench.kubectl("delete", "networkpolicy", "metrics-elsewhere");
  await bench.patchModel(name, { networkPolicy: null });
  const everybody = callers.map((caller) => caller.name);
  await reach(name, { http: everybody, metrics: everybody });
});

/** Exactly these get a connection to the model's pod. */
async function reach(
  name: string,
  expected: { readonly http: readonly string[]; readonly metrics: readonly string[] },
): Promise<void> {
  await eventually(`${name} is reached by ${JSON.stringify(expected)}`, async () => {
    const [pod, ...others] = await bench.pods(name);
    assert.ok(pod);
    assert.deepEqual(others, []);
    const host = addressOf(pod);
    const [http, metrics] = await Promise.all(
      [ports.http, ports.metrics].map((port) => whoReaches(callers, { host, port })),
    );
    assert.deepEqual({ http, metrics }, expected);
  });
}

test("by a port of the node a model is reached from the addresses that its policy names, and from no others", async () => {
  const name = "outside";
  const networkPolicy = { from: [{ podSelector: {} }] };
  await bench.apply(model(name, await pushVersions(bench, name), { networkPolicy, service: { type: "NodePort" } }));
  await reached(bench, name, "v1");
  const { spec } = await bench.get<ServiceObject>(kinds.service, name);
  const [port] = spec.ports;
  assert.ok(port?.nodePort);
  const target = { host: nodeAddress, port: port.nodePort };
  // This machine is no part of the cluster, and reaches it by the node's address alone.
  const outside: Caller = { name: "outside", prefix: () => [] };
  await eventually("this machine is held back", async () => {
    assert.deepEqual(await whoReaches([outside, client], target), ["client"]);
  });
  const { hostAddress } = nodeNames(bench.node.name);
  await bench.patchModel(name, { networkPolicy: { from: [{ ipBlock: { cidr: `${hostAddress}/32` } }] } });
  await eventually("this machine is let in", async () => {
    assert.deepEqual(await whoReaches([outside, client], target), ["outside"]);
  });
});

test("no request of an allowed client fails while new pods take over behind the policy, there and back", async (t) => {
  const name = "moving";
  const rollout = { maxSurge: 1, maxUnavailable: 0, keepPreviousSeconds: 0 };
  const networkPolicy = { from: [{ podSelector: { matchLabels: { role: "client" } } }] };
  await bench.apply(model(name, await pushVersions(bench, name), { replicas: 2, rollout, networkPolicy }));
  await reached(bench, name, "v1");
  const service = await bench.get<ServiceObject>(kinds.service, name);
  const address = { host: service.spec.clusterIP, port: 80 };
  await eventually("the policy is in force", async () => {
    assert.deepEqual(await whoReaches(callers, address), ["client", "node"]);
  });
  const load = await underLoad(
    bench,
    name,
    async () => {
      await delay(calmMs);
      for (const version of ["v2", "v1"]) {
        await bench.patchModel(name, { version });
        await reached(bench, name, version);
        await delay(calmMs);
      }
    },
    { prefix: client.prefix() },
  );
  assert.deepEqual(Object.keys(load.byVersion).toSorted(), ["v1", "v2"]);
  assert.deepEqual(await whoReaches(callers, address), ["client", "node"]);
  t.diagnostic(`${load.requests} requests`);
});

test("what a model's pod sends is not held back, unless a policy of the user's does so", async () => {
  const name = "sending";
  const rollout = { keepPreviousSeconds: 0 };
  await bench.apply(model(name, await pushVersions(bench, name), { networkPolicy: {}, rollout }));
  await reached(bench, name, "v1");
  const registry = { host: nodeAddress, port: registryPort };
  const service = await apiServer();
  const [pod] = await bench.pods(name);
  assert.ok(pod);
  assert.deepEqual(await connectFrom(podCaller(name, pod), [registry, service]), ["connected", "connected"]);

  await bench.apply({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: `${name}-egress` },
    spec: {
      podSelector: { matchLabels: { "slipway.dev/model": name } },
      policyTypes: ["Egress"],
      egress: [
        { ports: [{ port: 53, protocol: "UDP" }] },
        { to: [{ ipBlock: { cidr: `${nodeAddress}/32` } }], ports: [{ port: registryPort, protocol: "TCP" }] },
      ],
    },
  });
  const first = uids(await bench.pods(name));
  await bench.patchModel(name, { restartToken: "again" });
  const fresh = await eventually("another pod has fetched the model", async () => {
    const pods = await bench.pods(name);
    assert.notDeepEqual(uids(pods), first);
    assert.deepEqual(pods.map(isReady), [true]);
    return pods[0] ?? assert.fail("no pod");
  });
  const sender = podCaller(name, fresh);
  await eventually("it reaches its registry alone", async () => {
    const [toRegistry, toApi] = await connectFrom(sender, [registry, service]);
    assert.equal(toRegistry, "connected");
    assert.notEqual(toApi, "connected");
  });
  // What comes in is as before.
  assert.deepEqual(await whoReaches([client, stranger], { host: addressOf(fresh), port: ports.http }), [
    "client",
    "stranger",
  ]);
});

async function apiServer(): Promise<{ readonly host: string; readonly port: number }> {
  const command = ["-n", "default", "get", "service", "kubernetes", "-o", "jsonpath={.spec.clusterIP}"];
  return { host: (await bench.node.kubectl(command)).stdout, port: 443 };
}

test("operators start and work behind the chart's policy, are reached on one port, and reach what they need", async () => {
  const leadership = await followLeadership(bench);
  const first = uids(await operatorPods(bench));
  const selector = "app.kubernetes.io/name=slipway,app.kubernetes.io/component=operator";
  await bench.node.kubectl(["-n", systemNamespace, "delete", "pods", "-l", selector]);
  await eventually("other operators are there", async () => {
    const now = uids(await operatorPods(bench));
    assert.equal(now.length, first.length);
    assert.ok(!now.some((uid) => first.includes(uid)));
  });
  const leader: Pod = await settled(bench, leadership);
  await leadership.stop();

  const host = addressOf(leader);
  assert.deepEqual(
    await whoReaches(callers, { host, port: 8080 }),
    callers.map(({ name }) => name),
  );
  const operator = podCaller("operator", leader);
  const unnamed = 9_999;
  const listener = await listenIn(operator, unnamed);
  try {
    await eventually("another port is held back", async () => {
      assert.deepEqual(await whoReaches(callers, { host, port: unnamed }), ["node"]);
    });
  } finally {
    await listener.close();
  }

  const [pod] = await bench.pods("sending");
  assert.ok(pod);
  const kept = [
    { host: nodeAddress, port: registryPort },
    { host: addressOf(pod), port: ports.http },
  ];
  // There a server says which requests have crashed its engine.
  const report = { host: addressOf(pod), port: ports.metrics };
  assert.deepEqual(await connectFrom(operator, [await apiServer(), report]), ["connected", "connected"]);
  const registryHost = registryName.replace(/:.*/, "");
  assert.equal((await lookUpFrom(operator, dnsAddress, registryHost)).length, 1);
  assert.ok(!(await connectFrom(operator, kept)).includes("connected"));
  // The same from a pod without such a policy in the same namespace, and so no fault of the other end's.
  const [prometheus] = callers.filter(({ name }) => name === "prometheus");
  assert.ok(prometheus);
  assert.equal(
    (await connectFrom(prometheus, [...kept, report])).filter((outcome) => outcome === "connected").length,
    2,
  );
});
