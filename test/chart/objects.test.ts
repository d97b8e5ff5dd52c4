import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { load } from "js-yaml";
import { labels } from "../../operator/api/names.ts";
import { portNames, ports } from "../../server/contract.ts";
import { repositoryDirectory } from "../cluster/directories.ts";
import { chartDirectory, fullValues, leastValues, type Manifest, namespacedValues, only, render } from "./render.ts";

interface WithSpec<Spec> extends Manifest {
  readonly spec: Spec;
}

const operatorLabels = {
  "app.kubernetes.io/name": "slipway",
  "app.kubernetes.io/instance": "slipway",
  "app.kubernetes.io/component": "operator",
};

interface PodLike {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: {
    readonly securityContext: object;
    readonly containers: readonly [
      {
        readonly image: string;
        readonly ports?: readonly { readonly name: string }[];
        readonly securityContext: object;
      },
    ];
  };
}

test("a budget lets one operator pod go at a time, where there is more than one", async () => {
  const budget = only(await render(leastValues), "PodDisruptionBudget") as WithSpec<object>;
  assert.deepEqual(budget.spec, {
    maxUnavailable: 1,
    unhealthyPodEvictionPolicy: "AlwaysAllow",
    selector: { matchLabels: operatorLabels },
  });
  for (const replicas of [0, 1]) {
    const kinds = (await render({ ...leastValues, replicas })).map(({ kind }) => kind);
    assert.ok(!kinds.includes("PodDisruptionBudget"), `with ${replicas} replicas`);
  }
});

test("the operator is reached at its port alone, and reaches name servers, the API server and reports of models", async () => {
  const policy = only(await render(leastValues), "NetworkPolicy") as WithSpec<object>;
  const reports = [{ port: ports.metrics, protocol: "TCP" }];
  const models = {
    namespaceSelector: {},
    podSelector: { matchExpressions: [{ key: labels.model, operator: "Exists" }] },
  };
  const dns = ["UDP", "TCP"].map((protocol) => ({ port: 53, protocol }));
  const apiServer = [443, 6443, 8443, 16443].map((port) => ({ port, protocol: "TCP" }));
  assert.deepEqual(policy.spec, {
    podSelector: { matchLabels: operatorLabels },
    policyTypes: ["Ingress", "Egress"],
    ingress: [{ ports: [{ port: "http", protocol: "TCP" }] }],
    egress: [{ ports: dns }, { ports: apiServer }, { ports: reports, to: [models] }],
  });
  const full = only(await render(fullValues), "NetworkPolicy") as WithSpec<{ readonly egress: readonly object[] }>;
  assert.deepEqual(full.spec.egress[1], {
    ports: [{ port: 7443, protocol: "TCP" }],
    to: [{ ipBlock: { cidr: "10.0.0.0/28" } }, { ipBlock: { cidr: "fd00::/64" } }],
  });
  const without = await render({ ...leastValues, networkPolicy: { enabled: false } });
  assert.ok(!without.some(({ kind }) => kind === "NetworkPolicy"));
});

interface PodMonitorSpec {
  readonly selector: object;
  readonly namespaceSelector?: object;
  readonly podMetricsEndpoints: readonly { readonly port: string; readonly path: string; readonly interval: string }[];
}

test("PodMonitors find the operator and the models' pods by labels and ports that they have", async () => {
  const manifests = await render(fullValues);
  const operator = only(manifests, "PodMonitor", "models-operator") as WithSpec<PodMonitorSpec>;
  const { template } = (only(manifests, "Deployment") as WithSpec<{ readonly template: PodLike }>).spec;
  assert.deepEqual(operator.spec.selector, { matchLabels: operatorLabels });
  assert.deepEqual(operator.spec.podMetricsEndpoints, [{ port: "http", path: "/metrics", interval: "10s" }]);
  assert.equal(template.spec.containers[0].ports?.[0]?.name, "http");
  assert.equal(template.metadata.labels["app.kubernetes.io/component"], "operator");
  const models = only(manifests, "PodMonitor", "models-models") as WithSpec<PodMonitorSpec>;
  assert.deepEqual(models.spec.selector, { matchExpressions: [{ key: labels.model, operator: "Exists" }] });
  assert.deepEqual(models.spec.namespaceSelector, { any: true });
  assert.equal(models.spec.podMetricsEndpoints[0]?.port, portNames.metrics);
  for (const { metadata } of [operator, models]) assert.equal(metadata.labels?.["release"], "prometheus");
});

test("with watchNamespaces models are looked for there alone", async () => {
  const manifests = await render({ ...namespacedValues, podMonitor: { enabled: true } });
  const models = only(manifests, "PodMonitor", "slipway-models") as WithSpec<PodMonitorSpec>;
  assert.deepEqual(models.spec.namespaceSelector, { matchNames: ["team-a", "team-b"] });
});

test("the dashboard arrives as it is, under the label of Grafana's sidecar", async () => {
  const manifests = await render({ ...leastValues, grafanaDashboard: { enabled: true } });
  const map = only(manifests, "ConfigMap") as Manifest & { readonly data: Readonly<Record<string, string>> };
  assert.equal(map.metadata.labels?.["grafana_dashboard"], "1");
  const file = JSON.parse(await readFile(`${chartDirectory}/files/dashboard.json`, "utf8"));
  assert.deepEqual(JSON.parse(map.data["slipway.json"] ?? ""), file);
});

test("extra objects are rendered, and only text has templates", async () => {
  const manifests = await render(fullValues);
  type WithData = Manifest & { readonly data: object };
  assert.deepEqual((only(manifests, "ConfigMap", "models-extra") as WithData).data, { kept: "{{ as it is }}" });
  assert.deepEqual((only(manifests, "ConfigMap", "models-text") as WithData).data, { release: "slipway" });
});

test("helm test runs a restricted pod of the operator's image, which nothing of the operator selects", async () => {
  const manifests = await render(leastValues);
  const pod = only(manifests, "Pod") as Manifest & PodLike;
  const { template } = (only(manifests, "Deployment") as WithSpec<{ readonly template: PodLike }>).spec;
  assert.equal(pod.metadata.annotations?.["helm.sh/hook"], "test");
  assert.equal(pod.metadata.labels["app.kubernetes.io/component"], "test");
  assert.equal(pod.spec.containers[0].image, template.spec.containers[0].image);
  assert.deepEqual(pod.spec.securityContext, template.spec.securityContext);
  assert.deepEqual(pod.spec.containers[0].securityContext, template.spec.containers[0].securityContext);
});

test("what the chart tells Artifact Hub is true", async () => {
  const chart = load(await readFile(`${chartDirectory}/Chart.yaml`, "utf8")) as { annotations: Record<string, string> };
  const hub = (name: string): unknown => load(chart.annotations[`artifacthub.io/${name}`] ?? "");
  const crd = load(await readFile(`${repositoryDirectory}/crds/modeldeployment.yaml`, "utf8")) as WithSpec<{
    readonly names: { readonly kind: string };
    readonly versions: readonly [{ readonly name: string }];
  }>;
  const [listed] = hub("crds") as readonly Readonly<Record<string, string>>[];
  assert.equal(listed?.["kind"], crd.spec.names.kind);
  assert.equal(listed?.["version"], crd.spec.versions[0].name);
  assert.equal(listed?.["name"], crd.metadata.name);
  const [example] = hub("crdsExamples") as readonly Manifest[];
  assert.equal(example?.apiVersion, "slipway.dev/v1alpha1");
  const changes = hub("changes") as readonly { readonly kind: string; readonly description: string }[];
  assert.ok(
    changes.every(({ kind }) => ["added", "changed", "deprecated", "removed", "fixed", "security"].includes(kind)),
  );
});
