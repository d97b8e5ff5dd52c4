/** Policy, templates and pause against a real API server. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { kinds } from "../../../operator/api/kinds.ts";
import { type Bench, condition, digest, eventually, model, type OperatorProcess, startBench } from "./harness.ts";

let bench: Bench;
let operator: OperatorProcess;

before(async () => {
  bench = await startBench({ kind: "ready", digest: digest("1") });
  operator = await bench.startOperator();
});

after(() => bench.stop());

const pinned = {
  versions: [
    { name: "v1", uri: "oci://registry.test/models/demo:1", digest: digest("1") },
    { name: "v2", uri: "oci://registry.test/models/demo:2", digest: digest("1") },
  ],
};

async function ready(name: string): Promise<void> {
  await eventually(`${name} is Ready`, async () => condition(await bench.status(name), "Ready").status === "True");
}

test("podTemplate is merged last", async () => {
  const podTemplate = {
    metadata: { labels: { team: "vision" } },
    spec: {
      terminationGracePeriodSeconds: 90,
      containers: [{ name: "server", env: [{ name: "EXTRA", value: "1" }] }],
      volumes: [{ name: "scratch", emptyDir: { sizeLimit: "1024Mi" } }],
    },
  };
  await bench.apply(model("templated", { ...pinned, podTemplate }));
  await ready("templated");
  const { currentRevision } = await bench.status("templated");
  const { template } = (await bench.get("deployment", `templated-${currentRevision}`)).spec;
  assert.equal(template.metadata.labels.team, "vision");
  assert.equal(template.spec.terminationGracePeriodSeconds, 90);
  const [server] = template.spec.containers;
  assert.ok(server.env.some(({ name }: { name: string }) => name === "EXTRA"));
  assert.ok(server.env.some(({ name }: { name: string }) => name === "SLIPWAY_MODEL_NAME"));
  const scratch = template.spec.volumes.find(({ name }: { name: string }) => name === "scratch");
  assert.equal(scratch.emptyDir.sizeLimit, "1Gi");
  assert.equal((await bench.status("templated")).drift, undefined, "which is the same in other words");
});

test("a mistake in podTemplate is told as the API server said it, and what serves goes on", async () => {
  await bench.apply(model("mistaken", pinned));
  await ready("mistaken");
  await bench.patchModel("mistaken", { podTemplate: { spec: { terminationGracePeriodSecond: 5 } } });
  const status = await eventually("it is told", async () => {
    const seen = await bench.status("mistaken");
    return condition(seen, "Stalled").reason === "Refused" ? seen : undefined;
  });
  assert.match(condition(status, "Stalled").message, /unknown field "spec.template.spec.terminationGracePeriodSecond"/);
  assert.equal(condition(status, "Available").status, "True");
  assert.equal(condition(status, "Ready").status, "False");
  await bench.patchModel("mistaken", { podTemplate: null });
  await ready("mistaken");
});

for (const { name, what, mistake, says } of [
  {
    name: "mispaced",
    what: "scaling.behavior",
    mistake: { scaling: { behavior: { scaleUp: { stabilizationWindowSecond: 5 } } } },
    says: /unknown field "spec\.behavior\.scaleUp\.stabilizationWindowSecond"/,
  },
  {
    name: "misfenced",
    what: "networkPolicy.from",
    // Without it the policy would be wider than it was meant.
    mistake: { networkPolicy: { from: [{ ipBlock: { cidr: "10.0.0.0/8", excepts: ["10.1.0.0/16"] } }] } },
    says: /unknown field "spec\.ingress\[0\]\.from\[0\]\.ipBlock\.excepts"/,
  },
]) {
  test(`a mistake in an edit of ${what} is told as the API server said it, and the child stays as it was`, async () => {
    const resources = { requests: { cpu: "100m" } };
    await bench.apply(model(name, { ...pinned, resources, scaling: { max: 3 }, networkPolicy: {} }));
    await ready(name);
    const specs = async (): Promise<readonly object[]> =>
      Promise.all(["hpa", "networkpolicy"].map(async (kind) => (await bench.get(kind, name)).spec));
    const untouched = await specs();
    await bench.patchModel(name, mistake);
    const status = await eventually("it is told", async () => {
      const seen = await bench.status(name);
      return condition(seen, "Stalled").reason === "Refused" ? seen : undefined;
    });
    assert.match(condition(status, "Stalled").message, says);
    assert.equal(condition(status, "Available").status, "True");
    assert.equal(status.drift, undefined, "nobody else has changed anything");
    assert.deepEqual(await specs(), untouched);
    await bench.patchModel(name, { scaling: null, networkPolicy: null });
    await ready(name);
    await eventually("both are gone", async () => (await bench.list("hpa,networkpolicy")).length === 0);
  });
}

test("fields that contradict each other are named with the fix, and what serves goes on", async () => {
  await bench.apply(model("contradictory", pinned));
  await ready("contradictory");
  const conflicts = [
    {
      spec: { podTemplate: { metadata: { labels: { "slipway.dev/model": "other" } } } },
      undo: { podTemplate: null },
      reason: "PodTemplateConflict",
      says: /spec\.podTemplate\.metadata\.labels sets slipway\.dev\/model, .* is ignored there: remove it/,
    },
    {
      spec: { gpu: { count: 1 }, resources: { limits: { "nvidia.com/gpu": "2" } } },
      undo: { gpu: null, resources: null },
      reason: "ResourcesConflict",
      says: /spec\.resources\.limits\["nvidia\.com\/gpu"\] and spec\.gpu\.count .* remove it from spec\.resources/,
    },
  ];
  for (const { spec, undo, reason, says } of conflicts) {
    await bench.patchModel("contradictory", spec);
    const status = await eventually(`${reason} is told`, async () => {
      const seen = await bench.status("contradictory");
      return condition(seen, "Ready").reason === reason ? seen : undefined;
    });
    assert.match(condition(status, "Ready").message, says);
    assert.equal(condition(status, "Stalled").status, "True");
    assert.equal(condition(status, "Available").status, "True");
    await bench.patchModel("contradictory", undo);
    await ready("contradictory");
  }
  const { currentRevision } = await bench.status("contradictory");
  const { template } = (await bench.get("deployment", `contradictory-${currentRevision}`)).spec;
  assert.equal(template.metadata.labels["slipway.dev/model"], "contradictory");
});

test("a label or annotation on the model rolls nothing, and observedGeneration is the model's own", async () => {
  await bench.apply(model("labelled", pinned));
  await ready("labelled");
  const { currentRevision } = await bench.status("labelled");
  const child = `labelled-${currentRevision}`;
  // Twice changed and put back, so that its generation is not the model's.
  for (const generation of [3, 5]) {
    await bench.plane.kubectl(["scale", "deployment", child, "--replicas=3"]);
    await eventually("it is put back", async () => {
      const { metadata, spec } = await bench.get("deployment", child);
      return metadata.generation === generation && spec.replicas === 1;
    });
  }
  const pods = await eventually("one pod is left", async () => {
    const uids = await uidsOf("pods", "labelled");
    return uids.length === 1 ? uids : undefined;
  });
  const replicaSets = await uidsOf("replicasets", "labelled");
  await bench.plane.kubectl(["annotate", "md", "labelled", "team=y"]);
  await bench.plane.kubectl(["label", "md", "labelled", "team=y"]);
  await bench.plane.kubectl(["scale", "md", "labelled", "--replicas=2"]);
  await eventually("the scale is seen", async () => (await bench.status("labelled")).readyReplicas === 2);
  const { status, metadata } = await bench.get("md", "labelled");
  assert.equal(status.currentRevision, currentRevision);
  assert.equal(status.observedGeneration, metadata.generation);
  assert.notEqual((await bench.get("deployment", child)).metadata.generation, metadata.generation);
  const podsNow = await uidsOf("pods", "labelled");
  assert.equal(podsNow.length, 2);
  assert.ok(podsNow.includes(pods[0] ?? ""), "the pod was replaced");
  assert.deepEqual(await uidsOf("replicasets", "labelled"), replicaSets);
});

async function uidsOf(kind: string, modelName: string): Promise<readonly string[]> {
  const objects = await bench.list(kind);
  return objects
    .filter(({ metadata }) => metadata.labels?.["slipway.dev/model"] === modelName)
    .map(({ metadata }) => metadata.uid);
}

test("a digest that is taken out of the spec is demanded as before, by the record", async () => {
  await bench.apply(model("reverted", pinned));
  await ready("reverted");
  const { currentRevision: first } = await bench.status("reverted");
  const entries = pinned.versions.map(({ name, uri }) => ({ name, uri }));
  await bench.patchModel("reverted", { versions: entries });
  const { currentRevision: now } = await eventually("the other entry serves", async () => {
    const seen = await bench.status("reverted");
    return seen.currentRevision !== first && condition(seen, "Ready").status === "True" ? seen : undefined;
  });
  assert.deepEqual((await bench.get("configmap", "reverted-versions")).data, { v1: digest("1") });
  const [fetch] = (await bench.get("deployment", `reverted-${now}`)).spec.template.spec.initContainers;
  const recorded = fetch.env.find(({ name }: { name: string }) => name === "SLIPWAY_RECORDED_DIGEST");
  assert.deepEqual(recorded.valueFrom.configMapKeyRef, { name: "reverted-versions", key: "v1", optional: true });
  await bench.patchModel("reverted", { versions: [{ ...entries[0], digest: digest("2") }] });
  const status = await eventually("other bytes under that name are refused", async () => {
    const seen = await bench.status("reverted");
    return condition(seen, "Ready").reason === "VersionReused" ? seen : undefined;
  });
  assert.equal(condition(status, "Available").status, "True");
  assert.equal(status.currentRevision, now);
});

test("a NetworkPolicy is made, follows its edits and goes", async () => {
  await bench.apply(model("fenced", { ...pinned, networkPolicy: {} }));
  const policy = await eventually("it is there", () => bench.get("networkpolicy", "fenced"));
  assert.deepEqual(policy.spec.ingress[0].from, [{ podSelector: {} }]);
  const every = { namespaceSelector: {} };
  const web = { podSelector: { matchLabels: { app: "web" } } };
  const office = { ipBlock: { cidr: "10.0.0.0/8", except: ["10.1.0.0/16"] } };
  // Most have a field less than the one before, and so other callers.
  for (const from of [
    [web],
    [{ ...every, ...web }],
    [every],
    [{ ...every, podSelector: {} }],
    [{ podSelector: {} }],
    [office],
    [{ ipBlock: { cidr: "10.0.0.0/8" } }],
    [web, office],
  ]) {
    await bench.patchModel("fenced", { networkPolicy: { from } });
    await eventually(JSON.stringify(from), async () => {
      const { spec } = await bench.get("networkpolicy", "fenced");
      return isDeepStrictEqual(spec.ingress[0].from, from);
    });
  }
  // As people write it; the API server leaves out what is empty, and that is no difference.
  const wordy = [{ podSelector: { matchLabels: {}, matchExpressions: [] } }];
  await bench.patchModel("fenced", { networkPolicy: { from: wordy } });
  const { metadata } = await eventually("it is the same in fewer words", async () => {
    const found = await bench.get("networkpolicy", "fenced");
    return isDeepStrictEqual(found.spec.ingress[0].from, [{ podSelector: {} }]) ? found : undefined;
  });
  await bench.patchModel("fenced", { restartToken: "look again" });
  await eventually("the model was looked at again", async () => {
    const { status } = await bench.get("md", "fenced");
    return status.observedGeneration === (await bench.get("md", "fenced")).metadata.generation;
  });
  assert.equal((await bench.get("networkpolicy", "fenced")).metadata.resourceVersion, metadata.resourceVersion);
  await bench.patchModel("fenced", { networkPolicy: { from: [] } });
  await eventually(
    "nobody may predict",
    async () => (await bench.get("networkpolicy", "fenced")).spec.ingress.length === 1,
  );
  await bench.patchModel("fenced", { networkPolicy: null });
  await eventually("it is gone", async () => (await bench.list("networkpolicy")).length === 0);
});

test("a paused model is left alone until it is let go", async () => {
  await bench.apply(model("paused", pinned));
  await ready("paused");
  await bench.patchModel("paused", { paused: true, version: "v2" });
  const status = await eventually("the plan is there", async () => {
    const seen = await bench.status("paused");
    return seen.plan !== undefined && seen.plan.length > 1 ? seen : undefined;
  });
  assert.match(status.plan?.[0] ?? "", /v2 comes up whole beside v1/);
  assert.equal(
    (await bench.list("deployments")).filter(({ metadata }) => metadata.name.startsWith("paused-")).length,
    1,
  );
  await bench.patchModel("paused", { paused: null });
  await eventually("v2 serves", async () => (await bench.status("paused")).currentVersion === "v2");
});

test("our own writes never meet in a conflict that a user would see, be there ever so many edits", async () => {
  await bench.apply(model("burst", { ...pinned, replicas: 2 }));
  await ready("burst");
  const first = await operator.conflicts();
  const until = Date.now() + 300_000;
  for (let round = 1; (await operator.conflicts()) - first < 5; round++) {
    assert.ok(Date.now() < until, "no conflict was provoked");
    // Each edit wants another status; the next one comes while that is being written.
    const edits = [1, 2, 3, 4, 5, 6, 7, 8].map((step) => ({ spec: { restartToken: `${round}.${step}` } }));
    for (const edit of edits) {
      await bench.client.patch(kinds.model, "default", "burst", edit, { type: "merge", fieldManager: "editor" });
    }
  }
  await ready("burst");
  // Controllers of Kubernetes have races of their own, and tell them of their own objects of that name (Endpoints).
  const told = (await bench.list("events")).filter(
    ({ type, involvedObject }) => type === "Warning" && involvedObject.kind === "ModelDeployment",
  );
  assert.deepEqual(
    told.filter(({ message, reason }) => /409|conflict|modified/i.test(`${reason} ${message}`)),
    [],
  );
  assert.deepEqual(
    told.filter(({ involvedObject }) => involvedObject.name === "burst"),
    [],
  );
  assert.doesNotMatch(operator.output(), /"level":(40|50)[^\n]*409/);
});

test("credentials and claims reach the init container alone", async () => {
  const source = { secretRef: { name: "model-login" }, sizeLimit: "2Gi", timeoutSeconds: 60 };
  await bench.apply(
    model("fetched", { versions: [{ name: "v1", uri: "pvc://models/demo.onnx", digest: digest("1") }], source }),
  );
  await ready("fetched");
  const { currentRevision } = await bench.status("fetched");
  const { spec } = (await bench.get("deployment", `fetched-${currentRevision}`)).spec.template;
  const mounted = (container: { volumeMounts: { mountPath: string }[] }): string[] =>
    container.volumeMounts.map(({ mountPath }) => mountPath);
  assert.ok(mounted(spec.initContainers[0]).includes("/etc/slipway/credentials"));
  assert.ok(mounted(spec.initContainers[0]).includes("/slipway/claim"));
  assert.deepEqual(
    spec.volumes.find(({ name }: { name: string }) => name === "credentials").secret,
    { secretName: "model-login", optional: true, defaultMode: 0o440 },
    "the pod starts without it, and says what is missing",
  );
  assert.deepEqual(mounted(spec.containers[0]), ["/model", "/packed", "/etc/slipway/pod"]);
});
