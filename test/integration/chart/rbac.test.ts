import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Model } from "../../../operator/api/model.ts";
import { inReleaseNamespace, onlyInTheWholeCluster, whereModelsLive } from "../../chart/permissions.ts";
import { parseExpression, parseSamples } from "../../chart/promql.ts";
import { shownExpressions } from "../../chart/monitoring.ts";
import { release } from "../../chart/render.ts";
import type { ControlPlane } from "../../cluster/control-plane.ts";
import { waitFor } from "../../cluster/wait.ts";
import { helmTest } from "./helm-test.ts";
import { installedChart } from "./installed.ts";
import { startOperator } from "./operator-process.ts";
import { keepPodsReady } from "./ready-pods.ts";

const operator = `system:serviceaccount:${release.namespace}:slipway-operator`;

const auditPolicy = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [{ level: "Metadata", users: [operator] }, { level: "None" }],
};

interface AuditEvent {
  readonly verb: string;
  readonly requestURI: string;
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource: string;
    readonly subresource?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code: number };
}

const version = (name: string, digit: string) => ({
  name,
  uri: `oci://registry.example.com/digits:${name}`,
  digest: `sha256:${digit.repeat(64)}`,
});

const model = {
  apiVersion: "slipway.dev/v1alpha1",
  kind: "ModelDeployment",
  metadata: { name: "digits", namespace: "default" },
  spec: {
    version: "v1",
    versions: [version("v1", "1"), version("v2", "2")],
    rollout: { keepPreviousSeconds: 1 },
    resources: { requests: { cpu: "100m" } },
    scaling: { max: 3 },
    networkPolicy: {},
  },
};

/** Made for as long as the spec asks for them. */
const optionalChildren = ["horizontalpodautoscaler", "networkpolicy"];
const children = [
  "deployment",
  "controllerrevision",
  "service",
  "configmap",
  "poddisruptionbudget",
  ...optionalChildren,
];

const strangersAutoscaler = {
  apiVersion: "autoscaling/v2",
  kind: "HorizontalPodAutoscaler",
  metadata: { name: "digits", namespace: "default" },
  spec: { maxReplicas: 2, scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "other" } },
};

/** More than the history keeps, so that the oldest records have to go. */
const restarts = 12;

test("the operator uses every right that the chart gives it, and asks for no other", async (t) => {
  const pods = new AbortController();
  t.after(() => pods.abort());
  const directory = await mkdtemp(join(tmpdir(), "slipway-audit-"));
  t.after(() => rm(directory, { recursive: true }));
  const policyFile = join(directory, "policy.json");
  const auditLog = join(directory, "audit.log");
  await writeFile(policyFile, JSON.stringify(auditPolicy));
  const plane = await installedChart(t, {
    controllerManager: true,
    apiServerArguments: [`--audit-policy-file=${policyFile}`, `--audit-log-path=${auditLog}`],
  });
  const leader = await startOperator(t, plane, { name: "operator-1", directory });
  const ready = keepPodsReady(plane, pods.signal);
  // Its error is thrown where it is awaited; when the test fails before that, it has told enough.
  ready.catch(() => undefined);

  await plane.kubectl(["create", "-f", "-"], { input: JSON.stringify(model) });
  await reached(plane, "a first start", ({ status }) => status?.currentVersion === "v1" && isReady(status));
  const follower = await startOperator(t, plane, { name: "operator-2", directory });
  await change(plane, { version: "v2" });
  await reached(plane, "a change of version", ({ status }) => status?.currentVersion === "v2" && isReady(status));
  await reached(plane, "the end of the version before", async () => {
    const { stdout } = await plane.kubectl(["get", "deployments", "-o", "name"]);
    return stdout.trim().split("\n").length === 1;
  });

  // Of pods that their nodes put an end to, the newest three are kept.
  const podNames = async (...selectors: readonly string[]): Promise<readonly string[]> => {
    const parameters = ["get", "pods", "--selector=slipway.dev/model", ...selectors];
    const { stdout } = await plane.kubectl([...parameters, "-o", "jsonpath={.items[*].metadata.name}"]);
    return stdout.split(" ").filter((name) => name !== "");
  };
  const ended = new Set<string>();
  for (let count = 1; count <= 4; count += 1) {
    await reached(plane, `pod ${count} put an end to`, async () => {
      const alive = (await podNames("--field-selector=status.phase=Running")).find((name) => !ended.has(name));
      if (alive === undefined) return false;
      const failed = ["--subresource=status", "--type=merge", "-p", '{"status":{"phase":"Failed","reason":"Evicted"}}'];
      await plane.kubectl(["patch", "pod", alive, ...failed]);
      ended.add(alive);
      return true;
    });
  }
  await reached(plane, "an ended pod cleared away", async () => {
    const left = await podNames();
    return [...ended].filter((name) => left.includes(name)).length === 3;
  });

  // The same Event twice, which counts up the first instead of adding one.
  for (const replicas of [2, 3]) {
    await plane.kubectl(["scale", "deployment", "--selector=slipway.dev/model", `--replicas=${replicas}`]);
    await reached(plane, "a Deployment put back", async () => {
      const { stdout } = await plane.kubectl(["get", "deployments", "-o", "jsonpath={.items[*].spec.replicas}"]);
      return stdout === "1";
    });
  }

  await change(plane, { replicas: 0 });
  for (let restart = 0; restart < restarts; restart += 1) {
    await change(plane, { restartToken: `restart ${restart}` });
    await reached(plane, "a restart", ({ status, metadata }) => status?.observedGeneration === metadata.generation);
  }
  await reached(plane, "a history without its oldest records", async () => {
    const { stdout } = await plane.kubectl(["get", "controllerrevisions", "-o", "name"]);
    return stdout.trim().split("\n").length === 10;
  });

  for (const child of children) {
    await plane.kubectl(["label", child, "--selector=slipway.dev/model", "slipway.dev/model-"]);
    await reached(plane, `a ${child} whose label was taken away`, async () => {
      const { stdout } = await plane.kubectl(["get", child, "--selector=slipway.dev/model", "-o", "name"]);
      return stdout.trim() !== "";
    });
  }

  await change(plane, { scaling: null, networkPolicy: null });
  await reached(plane, "a model without scaler and policy", async () => {
    const { stdout } = await plane.kubectl(["get", optionalChildren.join(","), "-o", "name"]);
    return stdout.trim() === "";
  });

  // A name that somebody else has taken is looked at, and left alone.
  await plane.kubectl(["create", "-f", "-"], { input: JSON.stringify(strangersAutoscaler) });
  await change(plane, { scaling: { max: 3 } });
  await reached(plane, "a name that is taken", ({ status }) => JSON.stringify(status).includes("NameTaken"));

  await t.test("what the dashboard and the alerts ask the operator for is what it tells", async () => {
    const samples = parseSamples(await (await fetch(`${leader.url}/metrics`)).text());
    const asked = (await shownExpressions()).flatMap(({ expr }) => parseExpression(expr).selectors);
    const told = asked.filter(({ series }) => samples.some((sample) => sample.series === series));
    assert.ok(told.some(({ series }) => series === "reflector_lag_seconds"));
    assert.ok(told.length > 12);
    for (const { series, matchers } of told) {
      const exact = matchers.filter(({ label, operator: how }) => how === "=" && label !== "namespace");
      const found = samples.some(
        (sample) => sample.series === series && exact.every(({ label, value }) => sample.labels[label] === value),
      );
      assert.ok(found, `no ${series} with ${JSON.stringify(exact)}`);
    }
  });

  await t.test("helm test finds the CRD and the operator that holds the lease, with no right at all", async () => {
    const passed = await helmTest(plane, { directory, operator: leader.url });
    assert.match(passed.stdout, /ok: the API server serves .*\nok: 1 operator pod is ready, and holds the lease/);
    const alone = helmTest(plane, { directory, operator: leader.url, replicas: 2 });
    await assert.rejects(alone, /not ok: 1 of 2 operator pods ready; kubectl describe/);
    const waiting = helmTest(plane, { directory, operator: follower.url });
    await assert.rejects(waiting, /not ok: 0 of 1 operator pods hold the lease/);
  });

  pods.abort();
  await ready;
  await leader.stop();
  await follower.stop();
  const events = await readAudit(auditLog);
  const refused = events.filter(({ responseStatus }) => responseStatus?.code === 403);
  assert.deepEqual(refused, []);
  assert.deepEqual(callsOf(events), callsGranted());

  await t.test("helm test fails without an operator", async () => {
    await assert.rejects(helmTest(plane, { directory, operator: leader.url }), /not ok: .* gave no answer: .*REFUSED/);
  });
});

async function change(plane: ControlPlane, spec: object): Promise<void> {
  await plane.kubectl(["patch", "md", "digits", "--type=merge", "-p", JSON.stringify({ spec })]);
}

async function reached(
  plane: ControlPlane,
  what: string,
  holds: (model: Model) => boolean | Promise<boolean>,
): Promise<void> {
  await waitFor(
    what,
    async () => {
      const { stdout } = await plane.kubectl(["get", "md", "digits", "-o", "json"]);
      if (!(await holds(JSON.parse(stdout) as Model))) throw new Error(stdout);
    },
    { timeoutMilliseconds: 120_000, intervalMilliseconds: 200 },
  );
}

function isReady(status: NonNullable<Model["status"]>): boolean {
  return status.conditions?.some(({ type, status: holds }) => type === "Ready" && holds === "True") ?? false;
}

async function readAudit(file: string): Promise<readonly AuditEvent[]> {
  const lines = (await readFile(file, "utf8")).trim().split("\n");
  return lines.map((line) => JSON.parse(line) as AuditEvent);
}

/** `verb group/resource[/subresource] [name]`, the name where the right is limited to it. */
function callsOf(events: readonly AuditEvent[]): readonly string[] {
  const calls = events.flatMap(({ verb, objectRef }) => {
    if (objectRef === undefined) return [];
    const resource = [objectRef.resource, ...(objectRef.subresource === undefined ? [] : [objectRef.subresource])];
    const target = `${objectRef.apiGroup ?? ""}/${resource.join("/")}`;
    const isNamed = target === "coordination.k8s.io/leases" && verb !== "create";
    return [`${verb} ${target}${isNamed ? ` ${objectRef.name}` : ""}`];
  });
  return [...new Set(calls)].toSorted();
}

function callsGranted(): readonly string[] {
  return Object.entries({ ...whereModelsLive, ...onlyInTheWholeCluster, ...inReleaseNamespace })
    .flatMap(([target, verbs]) => verbs.split(" ").map((verb) => `${verb} ${target}`))
    .toSorted();
}
