import assert from "node:assert/strict";
import { test } from "node:test";
import { askablePods, type Caches, observe, podUids } from "./observe.ts";
import { type CachedPod, projectPod } from "./pod-projection.ts";
import {
  type Cached,
  observedChild,
  projectChild,
  projectModel,
  projectNode,
  type StoredChild,
} from "./projections.ts";
import type { Model } from "./api/model.ts";
import type { Reflector } from "./kube/watch/reflector.ts";
import type { ObservedPod } from "./plan/observed.ts";

const digest = `sha256:${"1".repeat(64)}`;
const labels = {
  "slipway.dev/model": "demo",
  "slipway.dev/revision": "abcdef0123",
  "slipway.dev/version": "v1",
};
const metadata = {
  name: "demo-abcdef0123-7c9f-x",
  namespace: "default",
  uid: "pod-uid",
  resourceVersion: "7",
  creationTimestamp: "2026-01-01T00:00:00Z",
  labels,
  ownerReferences: [owner("ReplicaSet", "demo-abcdef0123-7c9f", "set-uid")],
};

function owner(kind: string, name: string, uid: string) {
  return { apiVersion: "apps/v1", kind, name, uid, controller: true };
}

function podWith(status: object, more: object = {}): ObservedPod {
  return projectPod({ metadata: { ...metadata, ...more }, status }).value.pod;
}

function fetchEnded(message: string, exitCode = 1): ObservedPod["fetch"] {
  return podWith({ initContainerStatuses: [{ name: "fetch", state: { terminated: { exitCode, message } } }] }).fetch;
}

test("a pod says whether and since when it is ready, where it belongs, and whether it is in service", () => {
  const ready = { type: "Ready", status: "True", lastTransitionTime: "2026-01-01T00:00:05Z" };
  const pod = podWith({ conditions: [ready] }, { annotations: { "slipway.dev/in-service": "false" } });
  assert.equal(pod.ready, true);
  assert.equal(pod.readySince, Date.UTC(2026, 0, 1, 0, 0, 5));
  assert.deepEqual([pod.revision, pod.version, pod.outOfService, pod.deleting], ["abcdef0123", "v1", true, false]);
  const other = podWith({ conditions: [{ ...ready, status: "False" }] }, { deletionTimestamp: "2026-01-01T00:00:09Z" });
  assert.deepEqual(
    [other.ready, other.readySince, other.outOfService, other.deleting],
    [false, undefined, false, true],
  );
});

test("a pod that is deleted says since when it leaves, and until when it has to end", () => {
  const { leaving, node } = projectPod({
    metadata: { ...metadata, deletionTimestamp: "2026-01-01T00:01:00Z", deletionGracePeriodSeconds: 45 },
    spec: { nodeName: "node-7" },
  }).value.pod;
  assert.deepEqual(leaving, { since: Date.UTC(2026, 0, 1, 0, 0, 15), until: Date.UTC(2026, 0, 1, 0, 1) });
  assert.equal(node, "node-7");
  assert.equal(podWith({}).leaving, undefined);
});

test("a pod that its node put an end to says by whose word, and when", () => {
  const terminated = { exitCode: 137, reason: "Error", finishedAt: "2026-01-01T00:05:00Z" };
  const status = {
    phase: "Failed",
    reason: "Evicted",
    message: 'Usage of EmptyDir volume "model" exceeds the limit "2Mi". ',
    conditions: [{ type: "Ready", status: "False", reason: "PodFailed", lastTransitionTime: "2026-01-01T00:00:05Z" }],
    containerStatuses: [{ name: "server", state: { terminated } }],
  };
  const endingOf = (of: object): CachedPod["ending"] => projectPod({ metadata, status: of }).value.ending;
  assert.deepEqual(endingOf(status), {
    failed: true,
    reason: "Evicted",
    message: 'Usage of EmptyDir volume "model" exceeds the limit "2Mi".',
    at: Date.UTC(2026, 0, 1, 0, 5),
  });
  const refusedByTheNode = { phase: "Failed", reason: "UnexpectedAdmissionError", message: "no such device" };
  assert.equal(endingOf(refusedByTheNode)?.at, Date.UTC(2026, 0, 1), "nothing but its making has a time");
  const unread = { ...terminated, finishedAt: null };
  const bare = { phase: "Succeeded", containerStatuses: [{ name: "server", state: { terminated: unread } }] };
  assert.deepEqual(endingOf(bare), { failed: false, reason: "", message: "", at: Date.UTC(2026, 0, 1) });
  for (const phase of ["Pending", "Running", "Unknown", undefined]) assert.equal(endingOf({ phase }), undefined);
});

test("only the scheduler's Unschedulable counts as no room", () => {
  const condition = { type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/1 nodes" };
  assert.equal(podWith({ conditions: [condition] }).unschedulable, "0/1 nodes");
  assert.equal(podWith({ conditions: [{ ...condition, message: undefined }] }).unschedulable, "no node has room");
  assert.equal(podWith({ conditions: [{ ...condition, reason: "SchedulingGated" }] }).unschedulable, undefined);
  assert.equal(podWith({}).unschedulable, undefined);
});

test("a pod says which of its containers request no CPU or memory, whatever gave them what they have", () => {
  const resources = { requests: { cpu: "100m" } };
  const spec = { containers: [{ name: "server", resources }], initContainers: [{ name: "fetch" }] };
  const { pod } = projectPod({ metadata, spec }).value;
  assert.deepEqual([pod.withoutCpuRequest, pod.withoutMemoryRequest], [undefined, "server"]);
});

test("a node says what it offers, and what may keep a pod off it", () => {
  const own = { "nvidia.com/gpu.product": "NVIDIA-L4", "nvidia.com/gpu.memory": "24576", zone: "a" };
  const status = {
    allocatable: { cpu: "3500m", memory: "16Gi", pods: "110", "nvidia.com/gpu": "2" },
    conditions: [{ type: "Ready", status: "True" }],
  };
  const taints = [{ key: "gpu", effect: "NoSchedule" }];
  const named = { ...metadata, labels: own };
  assert.deepEqual(projectNode({ metadata: named, spec: { taints }, status }), {
    name: metadata.name,
    unschedulable: false,
    ready: true,
    taints: [{ key: "gpu", value: "", effect: "NoSchedule" }],
    labels: own,
    allocatable: { cpu: 3.5, memory: 16 * 2 ** 30, "nvidia.com/gpu": 2 },
  });
  const bare = projectNode({ metadata: { ...metadata, labels: {} }, spec: { unschedulable: true } });
  assert.deepEqual([bare.unschedulable, bare.ready, bare.labels, bare.allocatable], [true, false, {}, {}]);
});

test("a container is what its newest state says, with the termination before a restart", () => {
  const terminated = { exitCode: 3, reason: "Error", message: "boom" };
  const waiting = { reason: "CrashLoopBackOff", message: "back-off" };
  const pod = podWith({
    containerStatuses: [{ name: "server", state: { waiting }, lastState: { terminated } }],
  });
  assert.deepEqual(pod.server, {
    state: "waiting",
    waiting,
    termination: { exitCode: 3, reason: "Error", report: undefined, text: "boom" },
  });
  assert.equal(pod.fetch.state, "absent");
  const running = podWith({
    containerStatuses: [{ name: "server", state: { running: {} }, lastState: { terminated } }],
  });
  assert.equal(running.server.state, "running");
  assert.equal(running.server.termination?.exitCode, 3);
});

test("a report is read from the termination message", () => {
  const ok = { ok: true, stage: "Download", digest, bytes: 1, seconds: 1, signature: digest };
  assert.deepEqual(fetchEnded(JSON.stringify(ok), 0).termination?.report, ok);
  const failed = { ok: false, stage: "Download", reason: "NotAModel", message: "no", logTail: "a\nb" };
  const { termination } = fetchEnded(JSON.stringify(failed));
  assert.deepEqual(termination?.report, failed);
  assert.equal(termination?.text, "");
});

const noReports: readonly { readonly what: string; readonly message: string }[] = [
  { what: "a log line", message: "Segmentation fault" },
  { what: "JSON that is cut off", message: '{"ok": true, "digest": "sha256:1' },
  { what: "a log line in JSON", message: '{"level":30,"msg":"hello"}' },
  { what: "two lines of JSON", message: '{"ok":false}\n{"ok":false}' },
  { what: "a list", message: "[1]" },
  { what: "null", message: "null" },
  { what: "a digest that is none", message: '{"ok":true,"stage":"Download","digest":"latest"}' },
  { what: "a digest that is a list", message: `{"ok":true,"stage":"Download","digest":["${digest}"]}` },
  { what: "a stage that pods do not report", message: '{"ok":false,"stage":"Schedule","reason":"A","message":"m"}' },
  { what: "no reason", message: '{"ok":false,"stage":"Load","message":"m"}' },
  {
    what: "a reason too long for a condition",
    message: `{"ok":false,"stage":"Load","reason":"${"A".repeat(129)}","message":"m"}`,
  },
  { what: "a reason with a space", message: '{"ok":false,"stage":"Load","reason":"Not good","message":"m"}' },
  { what: "a message that is a number", message: '{"ok":false,"stage":"Load","reason":"A","message":1}' },
  { what: "a log tail that is a list", message: '{"ok":false,"stage":"Load","reason":"A","message":"m","logTail":[]}' },
];

for (const { what, message } of noReports) {
  test(`${what} is no report, and is kept as text`, () => {
    const { termination } = fetchEnded(message);
    assert.equal(termination?.report, undefined);
    assert.equal(termination?.text, message);
  });
}

test("text from outside cannot make a status that the API server refuses or changes", () => {
  const nasty = "a\u007Fb\u0090c\uD800d\uFFFFe\u2028f\uFEFFg\u0085h";
  const clean = "a\uFFFDb\uFFFDc\uFFFDd\uFFFDe\uFFFDf\uFFFDg\uFFFDh";
  const report = { ok: false, stage: "Load", reason: "LoadFailed", message: nasty, logTail: nasty };
  const { termination } = fetchEnded(JSON.stringify(report));
  assert.deepEqual(termination?.report, { ...report, message: clean, logTail: clean });
  assert.equal(fetchEnded(nasty).termination?.text, clean);
  assert.equal(fetchEnded("x".repeat(10_000)).termination?.text.length, 4_095);
  const pending = podWith({
    conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: nasty }],
    containerStatuses: [{ name: "server", state: { waiting: { reason: "CreateContainerError", message: nasty } } }],
  });
  assert.equal(pending.unschedulable, clean);
  assert.equal(pending.server.waiting?.message, clean);
});

test("a child is the whole object without its managed fields and status", () => {
  const deployment = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      ...metadata,
      name: "demo-abcdef0123",
      ownerReferences: [owner("ModelDeployment", "demo", "model-uid")],
      managedFields: [{ manager: "slipway", operation: "Update" }],
    },
    spec: { replicas: 2 },
    status: { conditions: [{ type: "ReplicaFailure", status: "True", message: "exceeded quota" }] },
  };
  const { model, owner: ownerUid, value } = projectChild(deployment);
  assert.deepEqual(
    [model, ownerUid, value.name, value.deleting],
    ["default/demo", "model-uid", "demo-abcdef0123", false],
  );
  assert.equal(value.replicaFailure, "exceeded quota");
  const { object } = observedChild(value);
  assert.deepEqual(Object.keys(object).toSorted(), ["apiVersion", "kind", "metadata", "spec"]);
  assert.equal(JSON.stringify(object).includes("managedFields"), false);
});

const rivals: readonly { readonly what: string; readonly entries: readonly object[]; readonly rival?: string }[] = [
  { what: "nobody but us", entries: [{ manager: "slipway", time: "2026-01-01T00:00:09Z" }] },
  { what: "a controller that writes status", entries: [{ manager: "kube-controller-manager", subresource: "status" }] },
  {
    what: "the latest of two",
    entries: [
      { manager: "late", time: "2026-01-01T00:00:02Z" },
      { manager: "early", time: "2026-01-01T00:00:01Z" },
    ],
    rival: "late",
  },
  {
    what: "`kubectl scale`, whose entry has no time",
    entries: [
      { manager: "kubectl", subresource: "scale" },
      { manager: "editor", time: "2026-01-01T00:00:02Z" },
    ],
    rival: "kubectl",
  },
];

for (const { what, entries, rival } of rivals) {
  test(`who else wrote to a child: ${what}`, () => {
    assert.equal(projectChild({ metadata: { ...metadata, managedFields: entries } }).value.rival, rival);
  });
}

test("a model keeps its spec and status, and of its metadata what a pass needs", () => {
  const raw = {
    metadata: { ...metadata, name: "demo", generation: 4, annotations: { big: "x" } },
    spec: { version: "v1" } as Model["spec"],
  };
  assert.deepEqual(projectModel(raw), {
    metadata: { name: "demo", namespace: "default", uid: "pod-uid", resourceVersion: "7", generation: 4 },
    spec: { version: "v1" },
  });
});

test("children of another owner and pods that no Deployment of the revision made are not the model's, ended ones not alive", () => {
  const model = projectModel({ metadata: { ...metadata, name: "demo", uid: "now" }, spec: {} as Model["spec"] });
  const child = (name: string, uid: string): Cached<StoredChild> =>
    projectChild({ metadata: { ...metadata, name, ownerReferences: [owner("ModelDeployment", "demo", uid)] } });
  const pod = (name: string, set?: string, status = {}, more = {}): Cached<CachedPod> =>
    projectPod({
      metadata: {
        ...metadata,
        name,
        ownerReferences: set === undefined ? [] : [owner("ReplicaSet", set, "s")],
        ...more,
      },
      status,
    });
  const failed = { phase: "Failed", reason: "Evicted" };
  const nothing = { indexed: () => [] };
  const caches = {
    models: { get: () => model },
    deployments: { indexed: () => [child("mine", "now"), child("before", "then")] },
    controllerRevisions: nothing,
    services: { indexed: () => [child("demo", "then")] },
    configMaps: { indexed: () => [child("demo-versions", "now"), child("other", "now")] },
    podDisruptionBudgets: nothing,
    horizontalPodAutoscalers: nothing,
    networkPolicies: nothing,
    nodes: undefined,
    pods: {
      indexed: () => [
        pod("made", "demo-abcdef0123-7c9f"),
        pod("evicted", "demo-abcdef0123-7c9f", failed),
        pod("ended", "demo-abcdef0123-7c9f", failed, { deletionTimestamp: "2026-01-01T00:00:09Z" }),
        pod("copy"),
        pod("other", "other-abcdef0123-7c9f"),
      ],
    },
  } as unknown as { [name in keyof Caches]: Reflector<never> } as Caches;
  const defaults = {
    serverImage: "i",
    gpuServerImage: "registry.test/server-gpu:1",
    plainHttpHosts: [],
    certificateAuthority: "",
    proxy: { http: "", https: "", exceptions: [] },
    operatorNamespace: "slipway-system",
  };
  const crash = { requestId: "r", inputs: "ab", message: "SIGFPE", at: 4 };
  const observed = observe("default/demo", caches, 5, defaults, (uid) =>
    uid === "pod-uid" ? { repeatedCrash: crash, provider: "cuda" } : {},
  );
  assert.deepEqual(
    observed?.deployments.map(({ name }) => name),
    ["mine"],
  );
  assert.equal(observed?.service, undefined);
  assert.equal(observed?.versions?.name, "demo-versions");
  assert.deepEqual(
    observed?.pods.map(({ name }) => name),
    ["made"],
  );
  assert.deepEqual([observed?.pods[0]?.repeatedCrash, observed?.pods[0]?.provider], [crash, "cuda"]);
  assert.deepEqual(
    observed?.endedPods.map(({ name, revision, reason }) => [name, revision, reason]),
    [["evicted", "abcdef0123", "Evicted"]],
  );
  assert.equal(observed?.now, 5);
});

test("pods are asked for their report that are ready, and have an address", () => {
  const ready = { conditions: [{ type: "Ready", status: "True" }], podIP: "10.0.0.7" };
  const table: readonly (readonly [object, object, boolean])[] = [
    [ready, {}, true],
    [{ ...ready, podIP: undefined }, {}, false],
    [{ ...ready, conditions: [] }, {}, false],
    [{ ...ready, phase: "Failed" }, {}, false],
    [ready, { deletionTimestamp: "2026-01-01T00:00:09Z" }, false],
  ];
  for (const [status, more, isAsked] of table) {
    const pod = projectPod({ metadata: { ...metadata, ...more }, status });
    const caches = { pods: { list: () => [pod] } } as unknown as Caches;
    const expected = { uid: "pod-uid", model: "default/demo", address: "10.0.0.7" };
    assert.deepEqual(askablePods(caches), isAsked ? [expected] : []);
    assert.deepEqual(podUids(caches), new Set(["pod-uid"]), "what it has told is kept as long as it is there");
  }
});
