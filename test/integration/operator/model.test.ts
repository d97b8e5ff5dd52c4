import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import {
  type Bench,
  condition,
  digest,
  eventually,
  model,
  type OperatorProcess,
  servesVersion,
  startBench,
} from "./harness.ts";

let bench: Bench;
let operator: OperatorProcess;

before(async () => {
  bench = await startBench({ kind: "ready", digest: digest("1") });
  bench.pods.decide("v1", { kind: "ready", digest: digest("1") });
  bench.pods.decide("v2", { kind: "ready", digest: digest("2") });
  operator = await bench.startOperator();
});

after(() => bench.stop());

const serving = (name: string, version: string): Promise<void> => servesVersion(bench, name, version);

test("one object becomes Deployment, Service, record, history and budget, and is Ready", async () => {
  await bench.apply(model("first", { replicas: 2 }));
  await serving("first", "v1");
  const status = await bench.status("first");
  assert.equal(status.observedGeneration, (await bench.get("md", "first")).metadata.generation);
  assert.equal(status.versions?.find(({ name }) => name === "v1")?.digest, digest("1"));
  assert.equal(status.readyReplicas, 2);
  assert.equal(status.selector, `slipway.dev/model=first,slipway.dev/revision=${status.currentRevision}`);
  const child = `first-${status.currentRevision}`;
  assert.equal((await bench.get("deployment", child)).spec.replicas, 2);
  assert.equal((await bench.get("controllerrevision", child)).revision, 1);
  assert.deepEqual((await bench.get("configmap", "first-versions")).data, { v1: digest("1") });
  assert.equal((await bench.get("pdb", "first")).spec.unhealthyPodEvictionPolicy, "AlwaysAllow");
  assert.deepEqual((await bench.get("service", "first")).spec.selector, {
    "slipway.dev/model": "first",
    "slipway.dev/revision": status.currentRevision,
  });
});

test("forward and back by one field, with the old pods told that they are out of service", async () => {
  await bench.apply(model("there-and-back"));
  await serving("there-and-back", "v1");
  await bench.patchModel("there-and-back", { version: "v2" });
  await serving("there-and-back", "v2");
  const marked = await eventually("the old pod is marked", async () => {
    const pods = (await bench.list("pods")).filter((pod) => pod.metadata.name.startsWith("there-and-back"));
    const old = pods.find((pod) => pod.metadata.labels["slipway.dev/version"] === "v1");
    return old?.metadata.annotations?.["slipway.dev/in-service"] === "false" ? old : undefined;
  });
  await bench.patchModel("there-and-back", { version: "v1" });
  await serving("there-and-back", "v1");
  const pod = await bench.get("pod", marked.metadata.name);
  assert.equal(pod.metadata.annotations?.["slipway.dev/in-service"], undefined, "the same warm pod serves again");
  // An Event is sent when the status has been written, and so is seen after it.
  await eventually("the Event says so", async () =>
    (await bench.list("events")).some(
      ({ reason, involvedObject }) => reason === "RolledBack" && involvedObject.name === "there-and-back",
    ),
  );
});

test("a version that is no model takes no traffic, and status says why within 5 s", async () => {
  await bench.apply(model("bad"));
  await serving("bad", "v1");
  bench.pods.decide("broken", {
    kind: "failed",
    report: {
      ok: false,
      stage: "Download",
      reason: "NotAModel",
      message: "index.html is an HTML page, not an ONNX model",
    },
  });
  const { versions } = (await bench.get("md", "bad")).spec;
  await bench.patchModel("bad", {
    version: "broken",
    versions: [...versions, { name: "broken", uri: "oci://registry.test/x:1" }],
  });
  const status = await eventually("the failure is told", async () => {
    const seen = await bench.status("bad");
    return seen.lastFailure?.reason === "NotAModel" && condition(seen, "Stalled").status === "True" ? seen : undefined;
  });
  assert.equal(status.lastFailure?.version, "broken");
  assert.equal(status.lastFailure.stage, "Download");
  assert.equal(status.lastFailure.message, "index.html is an HTML page, not an ONNX model");
  assert.equal(status.currentVersion, "v1");
  assert.equal(condition(status, "Available").status, "True");
  assert.equal(condition(status, "Ready").reason, "NotAModel");
  assert.equal(
    condition(status, "Ready").message,
    "broken failed at Download: index.html is an HTML page, not an ONNX model; v1 goes on serving",
  );
  await eventually("the bad revision is scaled to 0", async () => {
    return (await bench.get("deployment", `bad-${status.rejected?.revision}`)).spec.replicas === 0;
  });
  await bench.patchModel("bad", { version: "v1" });
  await serving("bad", "v1");
});

test("scale to 0 and back through the scale subresource", async () => {
  await bench.apply(model("scaled"));
  await serving("scaled", "v1");
  await bench.plane.kubectl(["scale", "md", "scaled", "--replicas=0"]);
  await eventually("scaled to zero", async () => {
    const status = await bench.status("scaled");
    return condition(status, "Ready").reason === "ScaledToZero" && condition(status, "Available").status === "False";
  });
  await bench.plane.kubectl(["scale", "md", "scaled", "--replicas=3"]);
  await eventually("scaled to three", async () => (await bench.status("scaled")).readyReplicas === 3);
});

test("a child that is deleted comes back", async () => {
  await bench.apply(model("deleted"));
  await serving("deleted", "v1");
  const { currentRevision } = await bench.status("deleted");
  for (const [kind, name] of [
    ["service", "deleted"],
    ["pdb", "deleted"],
    ["configmap", "deleted-versions"],
    ["controllerrevision", `deleted-${currentRevision}`],
    ["deployment", `deleted-${currentRevision}`],
  ] as const) {
    const { uid } = (await bench.get(kind, name)).metadata;
    await bench.plane.kubectl(["delete", kind, name, "--wait=true"]);
    await eventually(`${kind} is back`, async () => (await bench.get(kind, name)).metadata.uid !== uid);
  }
  assert.deepEqual((await bench.get("configmap", "deleted-versions")).data, { v1: digest("1") });
  await serving("deleted", "v1");
});

test("a field that somebody changes is put back, and the Event says who and what", async () => {
  await bench.apply(model("edited"));
  await serving("edited", "v1");
  const { currentRevision } = await bench.status("edited");
  await bench.plane.kubectl([
    "patch",
    "service",
    "edited",
    "--type=merge",
    "-p",
    '{"spec":{"selector":{"app":"mine"}}}',
  ]);
  await bench.plane.kubectl(["scale", "deployment", `edited-${currentRevision}`, "--replicas=5"]);
  await eventually("both are put back", async () => {
    const service = await bench.get("service", "edited");
    const deployment = await bench.get("deployment", `edited-${currentRevision}`);
    return service.spec.selector.app === undefined && deployment.spec.replicas === 1;
  });
  await eventually("the Event is there", async () =>
    (await bench.list("events")).some((event) => event.reason === "DriftCorrected" && /kubectl/.test(event.message)),
  );
});

test("a rival that keeps editing for 60 s causes at most 10 writes of ours, and is named", {
  timeout: 120_000,
}, async () => {
  await bench.apply(model("rival"));
  await serving("rival", "v1");
  await delay(1_000);
  const writesBefore = await operator.writes();
  const until = Date.now() + 60_000;
  while (Date.now() < until) {
    const patch = JSON.stringify({
      spec: { ports: [{ name: "http", port: 8081, targetPort: "http", protocol: "TCP" }] },
    });
    await bench.plane.kubectl(["patch", "service", "rival", "--type=merge", "--field-manager=rival", "-p", patch]);
    await delay(500);
  }
  const written = (await operator.writes()) - writesBefore;
  const status = await bench.status("rival");
  assert.equal(condition(status, "Contested").status, "True");
  assert.match(condition(status, "Contested").message, /rival/);
  assert.ok(written <= 10, `${written} writes`);
  assert.ok(written >= 3, "it was put back at first");
});

test("SIGTERM ends the operator at once, also with timers set and a model under way", async () => {
  await bench.apply(model("under-way"));
  const asked = Date.now();
  await operator.stop();
  const stopped = Date.now();
  const said = operator.output();
  operator = await bench.startOperator();
  // A start, which takes more of the same machine than an end, is what tells a busy one from a timer that was waited for.
  const startMs = Date.now() - stopped;
  assert.ok(stopped - asked < 1_000 + startMs, `${stopped - asked} ms, and ${startMs} ms to start: ${said}`);
  await serving("under-way", "v1");
});

test("an operator with another builder writes nothing over running models", async () => {
  await bench.apply(model("steady"));
  await serving("steady", "v1");
  await operator.stop();
  const other = await bench.startOperator([
    "--server-image",
    "registry.test/server:2",
    "--plain-http-hosts",
    "other.test",
  ]);
  await eventually("it is at work", () => Promise.resolve(/"msg":"elected/.test(other.output())));
  await eventually("its queue is empty", async () => {
    await delay(1_500);
    return true;
  });
  const models = await bench.list("md");
  assert.ok(models.length > 0);
  assert.equal(await other.writes(), 0, other.output());
  operator = other;
});

test("a name that somebody else has is not stolen", async () => {
  await bench.apply({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "taken" },
    spec: { ports: [{ port: 80 }], selector: { app: "theirs" } },
  });
  await bench.apply(model("taken"));
  const status = await eventually("it is told", async () => {
    const seen = await bench.status("taken");
    return condition(seen, "Stalled").reason === "NameTaken" ? seen : undefined;
  });
  assert.match(condition(status, "Ready").message, /Service taken exists and was not made by Slipway/);
  assert.deepEqual((await bench.get("service", "taken")).spec.selector, { app: "theirs" });
});

test("what the API server refuses is told as it said it", async () => {
  await bench.apply(model("refused", { resources: { requests: { cpu: "2" }, limits: { cpu: "1" } } }));
  const status = await eventually("it is told", async () => {
    const seen = await bench.status("refused");
    return condition(seen, "Stalled").reason === "Refused" ? seen : undefined;
  });
  assert.match(condition(status, "Stalled").message, /must be less than or equal to cpu limit/);
});

test("nothing of a deleted model is left, and the same name can be used again at once", async () => {
  await bench.apply(model("again"));
  await serving("again", "v1");
  await bench.plane.kubectl(["delete", "md", "again", "--wait=true"]);
  await bench.apply(model("again"));
  await serving("again", "v1");
});
