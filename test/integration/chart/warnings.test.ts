import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Model } from "../../../operator/api/model.ts";
import type { ControlPlane } from "../../cluster/control-plane.ts";
import { waitFor } from "../../cluster/wait.ts";
import { startFaultProxy } from "../kube/fault-proxy.ts";
import { installedChart } from "./installed.ts";
import { startOperator } from "./operator-process.ts";
import { keepPodsReady } from "./ready-pods.ts";

const digest = `sha256:${"1".repeat(64)}`;
const zone = "topology.kubernetes.io/zone";
const peer = { namespaceSelector: {}, podSelector: { matchLabels: { app: "web" } } };

/** Everything that makes the operator write a field that it does not always write. */
const spec = {
  version: "v1",
  versions: [
    { name: "v1", uri: "pvc://models/digits.onnx", digest },
    { name: "v2", uri: "pvc://models/digits-2.onnx", digest },
  ],
  rollout: { keepPreviousSeconds: 1, maxSurge: 1 },
  resources: { requests: { cpu: "100m", memory: "64Mi" }, limits: { cpu: 1, memory: "128Mi" } },
  server: {
    env: [{ name: "LANG", value: "C" }],
    session: { workers: 2, intraOpThreads: 1, providers: ["cuda", "cpu"] },
    batching: { maxSize: 8, maxDelayMs: 1, maxQueue: 9 },
  },
  source: { secretRef: { name: "login" }, timeoutSeconds: 60, sizeLimit: "1Gi" },
  gpu: { count: 1, resourceName: "nvidia.com/gpu", products: ["NVIDIA-L4"], minMemory: "16Gi" },
  scaling: {
    min: 1,
    max: 3,
    behavior: {
      scaleUp: { stabilizationWindowSeconds: 10, policies: [{ type: "Pods", value: 1, periodSeconds: 60 }] },
      scaleDown: { selectPolicy: "Min" },
    },
  },
  placement: {
    nodeSelector: { "kubernetes.io/os": "linux" },
    tolerations: [{ key: "models", operator: "Exists", effect: "NoExecute", tolerationSeconds: 60 }],
    affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
    topologySpreadConstraints: [{ maxSkew: 1, topologyKey: zone, whenUnsatisfiable: "ScheduleAnyway" }],
    priorityClassName: "system-cluster-critical",
  },
  networkPolicy: { from: [peer, { ipBlock: { cidr: "10.0.0.0/8", except: ["10.1.0.0/16"] } }] },
  service: { type: "LoadBalancer", port: 8080, annotations: { "example.com/internal": "true" } },
};

/** What a pod may still say, and Kubernetes has long had another word for. */
const outdated = { spec: { nodeSelector: { "beta.kubernetes.io/os": "linux" } } };

const kinds = [
  "configmaps",
  "controllerrevisions",
  "deployments",
  "events",
  "horizontalpodautoscalers",
  "leases",
  "modeldeployments/digits/status",
  "networkpolicies",
  "poddisruptionbudgets",
  "pods",
  "services",
];

test("the API server warns of nothing that the operator asks it for", async (t) => {
  const pods = new AbortController();
  t.after(() => pods.abort());
  const directory = await mkdtemp(join(tmpdir(), "slipway-warnings-"));
  t.after(() => rm(directory, { recursive: true }));
  const plane = await installedChart(t, { controllerManager: true });
  const proxy = await startFaultProxy(plane);
  t.after(() => proxy.close());
  const kubeconfig = join(directory, "proxy.kubeconfig");
  await writeFile(kubeconfig, JSON.stringify(configurationFor(proxy.url)));
  const operator = await startOperator(t, plane, { name: "operator", directory, kubeconfig });
  const ready = keepPodsReady(plane, pods.signal);
  // Its error is thrown where it is awaited; when the test fails before that, it has told enough.
  ready.catch(() => undefined);
  const warnings = () => proxy.seen.flatMap(({ method, url, warning }) => (warning ? [{ method, url, warning }] : []));

  const model = { apiVersion: "slipway.dev/v1alpha1", kind: "ModelDeployment", metadata: { name: "digits" }, spec };
  await plane.kubectl(["create", "-f", "-"], { input: JSON.stringify(model) });
  await serves(plane, "v1");
  await plane.kubectl(["scale", "deployment", "--selector=slipway.dev/model", "--replicas=2"]);
  await change(plane, { version: "v2", scaling: { max: 4 }, service: { port: 80 }, networkPolicy: { from: [peer] } });
  await serves(plane, "v2");
  await waitFor(
    "a write of every kind",
    () => {
      const written = proxy.seen.filter(({ method }) => method !== "GET").map(({ url }) => url);
      const missing = kinds.filter((kind) => !written.some((url) => url.includes(`/${kind}`)));
      assert.deepEqual(missing, []);
      return Promise.resolve();
    },
    { timeoutMilliseconds: 120_000 },
  );
  assert.deepEqual(warnings(), []);

  await t.test("and would be heard if it did: of what a user says in podTemplate", async () => {
    await change(plane, { podTemplate: outdated });
    await serves(plane, "v2");
    const heard = warnings();
    assert.deepEqual([...new Set(heard.map(({ method }) => method))], ["POST"]);
    for (const { warning } of heard) assert.match(warning, /beta\.kubernetes\.io\/os.*deprecated/);
  });
  pods.abort();
  await ready;
  await operator.stop();
});

function configurationFor(server: string): object {
  const name = "proxy";
  return {
    apiVersion: "v1",
    kind: "Config",
    // Else plain HTTP is refused, on loopback, too.
    clusters: [{ name, cluster: { server, "insecure-skip-tls-verify": true } }],
    users: [{ name, user: {} }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    "current-context": name,
  };
}

async function change(plane: ControlPlane, patch: object): Promise<void> {
  await plane.kubectl(["patch", "md", "digits", "--type=merge", "-p", JSON.stringify({ spec: patch })]);
}

/** With its whole spec reached. */
async function serves(plane: ControlPlane, version: string): Promise<void> {
  await waitFor(
    `${version} in service`,
    async () => {
      const { stdout } = await plane.kubectl(["get", "md", "digits", "-o", "json"]);
      const { metadata, status } = JSON.parse(stdout) as Model;
      const reached = status?.conditions?.some(({ type, status: holds }) => type === "Ready" && holds === "True");
      assert.ok(reached && status?.currentVersion === version, stdout);
      assert.equal(status?.observedGeneration, metadata.generation);
    },
    { timeoutMilliseconds: 120_000, intervalMilliseconds: 200 },
  );
}
