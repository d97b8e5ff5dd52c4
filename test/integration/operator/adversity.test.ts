/** Refusals, rivals and recreations that a real API server deals out, and what the operator makes of them. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { apply } from "../../../operator/apply.ts";
import { kinds } from "../../../operator/api/kinds.ts";
import type { Model } from "../../../operator/api/model.ts";
import { projectModel, type RawModel } from "../../../operator/projections.ts";
import type { Write } from "../../../operator/plan/children/children.ts";
import type { Plan } from "../../../operator/plan/plan.ts";
import {
  type Bench,
  condition,
  digest,
  eventually,
  type Json,
  model,
  type OperatorProcess,
  servesVersion,
  startBench,
} from "./harness.ts";

let bench: Bench;
let operator: OperatorProcess;

before(async () => {
  bench = await startBench({ kind: "ready", digest: digest("1") });
  bench.pods.decide("v2", { kind: "ready", digest: digest("2") });
  operator = await bench.startOperator();
});

after(() => bench.stop());

const serving = (name: string, version: string, timeoutMs?: number): Promise<void> =>
  servesVersion(bench, name, version, timeoutMs);

/** One pass of `apply` by hand, as a worker makes it that decided on what was there a moment ago. */
async function applied(subject: Model, plan: Partial<Plan>): Promise<{ problems: readonly object[]; told: string[] }> {
  const told: string[] = [];
  const problems = await apply(
    subject,
    {
      writes: [],
      announcements: () => [],
      status: () => subject.status ?? {},
      wakeAfterMs: undefined,
      why: [],
      ...plan,
    },
    {
      client: bench.client,
      staleness: { wrote: () => undefined, removed: () => undefined, unseen: () => [], forget: () => undefined },
      events: { record: (_, { reason }) => told.push(reason), stop: () => Promise.resolve() },
      signal: AbortSignal.timeout(10_000),
    },
  );
  return { problems, told };
}

async function observedModel(name: string): Promise<Model> {
  return projectModel((await bench.get("md", name)) as RawModel);
}

test("an object that was made anew under its name is not patched, and that is no problem", async () => {
  await bench.apply(model("anew"));
  await serving("anew", "v1");
  await bench.apply({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "theirs" }, data: { a: "theirs" } });
  const write: Write = {
    phase: "prepare",
    verb: "patch",
    kind: kinds.configMap,
    name: "theirs",
    uid: "6d3bd0ec-2b5e-4d61-9f0c-0a3f30f0d3ab",
    body: { data: { a: "ours" } },
  };
  const { problems } = await applied(await observedModel("anew"), { writes: [write] });
  assert.deepEqual(problems, []);
  assert.equal((await bench.get("configmap", "theirs")).data.a, "theirs");
});

test("a new model with a digest takes at most 8 writes until it is Ready, its Event among them", async () => {
  const first = await operator.writes();
  const versions = [{ name: "v1", uri: "oci://registry.test/models/demo:1", digest: digest("1") }];
  await bench.apply(model("counted", { versions }));
  await serving("counted", "v1");
  await delay(1_000); // what comes after belongs to it, too
  const written = (await operator.writes()) - first;
  assert.ok(written <= 8, `${written} writes`);
});

test("the status of a deleted model is not given to the next one of its name", async () => {
  await bench.apply(model("reborn"));
  await serving("reborn", "v1");
  const old = await observedModel("reborn");
  await bench.plane.kubectl(["delete", "md", "reborn", "--wait=true"]);
  await bench.apply(model("reborn"));
  const { told } = await applied(old, {
    announcements: () => [{ type: "Normal", reason: "Told", message: "" }],
    status: () => ({ ...old.status, currentVersion: "stale" }),
  });
  assert.deepEqual(told, [], "nothing is told of what was not put down");
  assert.notEqual((await bench.status("reborn")).currentVersion, "stale");
});

test("children whose owner was taken away are ours again, with their pods", async () => {
  // What Go's JSON encoder escapes must not make the frozen revision look edited.
  const server = { env: [{ name: "A", value: "<&>" }] };
  await bench.apply(model("orphaned", { server, service: { annotations: { "example.com/a": "<&>" } } }));
  await serving("orphaned", "v1");
  const child = `orphaned-${(await bench.status("orphaned")).currentRevision}`;
  const kept = [
    ["service", "orphaned"],
    ["deployment", child],
    ["configmap", "orphaned-versions"],
    ["controllerrevision", child],
    ["pdb", "orphaned"],
  ] as const;
  const metadata = async (): Promise<Json[]> =>
    Promise.all(kept.map(async ([kind, name]) => (await bench.get(kind, name)).metadata));
  const first = await metadata();
  await operator.stop();
  // What `kubectl delete --cascade=orphan` has the garbage collector do; a strategic merge patch, as it sends.
  for (const [kind, name] of kept) {
    await bench.plane.kubectl(["patch", kind, name, "-p", '{"metadata":{"ownerReferences":null}}']);
  }
  await bench.plane.kubectl(["delete", "md", "orphaned", "--wait=true"]);
  await bench.apply(model("orphaned", { server }));
  operator = await bench.startOperator();
  await serving("orphaned", "v1");
  const { uid } = (await bench.get("md", "orphaned")).metadata;
  const now = await metadata();
  for (const [index, each] of now.entries()) {
    assert.equal(each.uid, first[index].uid, each.name);
    assert.equal(each.ownerReferences?.[0]?.uid, uid, each.name);
  }
  assert.equal(condition(await bench.status("orphaned"), "Stalled").status, "False");
});

test("a label that is taken from a child is put back", async () => {
  await bench.apply(model("unlabelled"));
  await serving("unlabelled", "v1");
  await bench.plane.kubectl(["label", "service", "unlabelled", "slipway.dev/model-"]);
  await eventually("it is labelled again", async () => {
    const { labels } = (await bench.get("service", "unlabelled")).metadata;
    return labels["slipway.dev/model"] === "unlabelled";
  });
});

test("a budget that was turned into another kind of budget is put back", async () => {
  await bench.apply(model("budgeted"));
  await serving("budgeted", "v1");
  const theirs = {
    maxUnavailable: null,
    minAvailable: 1,
    selector: { matchExpressions: [{ key: "app", operator: "Exists" }] },
  };
  await bench.plane.kubectl(["patch", "pdb", "budgeted", "--type=merge", "-p", JSON.stringify({ spec: theirs })]);
  await eventually("it is as it was", async () => {
    const { spec } = await bench.get("pdb", "budgeted");
    return spec.maxUnavailable === 1 && spec.minAvailable === undefined && spec.selector.matchExpressions === undefined;
  });
});

test("a Service that was turned into another kind of Service is put back", async () => {
  await bench.apply(model("served"));
  await serving("served", "v1");
  for (const theirs of [
    { type: "ExternalName", externalName: "elsewhere.test", clusterIP: null, clusterIPs: null },
    { type: "NodePort", selector: null },
  ]) {
    await bench.plane.kubectl(["patch", "service", "served", "--type=merge", "-p", JSON.stringify({ spec: theirs })]);
    await eventually(`${theirs.type} is ClusterIP again`, async () => {
      const { spec } = await bench.get("service", "served");
      return spec.type === "ClusterIP" && spec.selector["slipway.dev/model"] === "served";
    });
  }
});

test("whatever a pod says of its failure can be read in the status, and is written once", async () => {
  await bench.apply(model("rude"));
  await serving("rude", "v1");
  const message = "DEL \u007F, C1 \u0090, line \u2028, mark \uFEFF, half \uD800";
  bench.pods.decide("rude", {
    kind: "failed",
    report: { ok: false, stage: "Load", reason: "EngineStuck", message, logTail: "tail \u007F".repeat(300) },
  });
  const { versions } = (await bench.get("md", "rude")).spec;
  await bench.patchModel("rude", {
    version: "rude",
    versions: [...versions, { name: "rude", uri: "oci://registry.test/x:1" }],
  });
  const status = await eventually("it is told", async () => {
    const seen = await bench.status("rude");
    return seen.lastFailure?.reason === "EngineStuck" ? seen : undefined;
  });
  assert.equal(status.lastFailure?.message, "DEL \uFFFD, C1 \uFFFD, line \uFFFD, mark \uFFFD, half \uFFFD");
  const first = (await bench.get("md", "rude")).metadata.resourceVersion;
  await delay(3_000); // several seconds, as times are written to the second
  assert.equal((await bench.get("md", "rude")).metadata.resourceVersion, first);
});

test("a pod of somebody else's with a model's labels is not believed", async () => {
  await bench.apply(model("believed"));
  await serving("believed", "v1");
  const status = await bench.status("believed");
  const labels = { "slipway.dev/model": "believed", "slipway.dev/revision": "ffffffffff", "slipway.dev/version": "v2" };
  await bench.apply({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "stranger", labels },
    spec: { containers: [{ name: "server", image: "registry.test/x:1" }] },
  });
  await eventually("it has reported", async () => (await bench.get("pod", "stranger")).status.phase === "Running");
  await delay(1_000);
  assert.deepEqual((await bench.status("believed")).versions, status.versions);
  assert.deepEqual((await bench.get("configmap", "believed-versions")).data, { v1: digest("1") });
  await bench.plane.kubectl(["delete", "pod", "stranger", "--wait=false"]);
});

test("a namespace that is going takes its models along, without a flood of writes", async () => {
  await bench.plane.kubectl(["create", "namespace", "passing"]);
  await bench.plane.kubectl(["apply", "-n", "passing", "-f", "-"], { input: JSON.stringify(model("passenger")) });
  await eventually("it serves", async () => {
    const { stdout } = await bench.plane.kubectl(["get", "md", "passenger", "-n", "passing", "-o", "json"]);
    return JSON.parse(stdout).status?.currentVersion === "v1";
  });
  const first = await operator.writes();
  await bench.plane.kubectl(["delete", "namespace", "passing", "--wait=true", "--timeout=60s"]);
  await delay(1_000);
  const written = (await operator.writes()) - first;
  assert.ok(written <= 15, `${written} writes while everything went`);
});
