/** What is told of a spec that is valid and cannot work, or not as it was meant: reason, field and fix. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Spec } from "../../operator/api/model.ts";
import type { Observed, ObservedAutoscaler, ObservedNode } from "../../operator/plan/observed.ts";
import { fleetsOf } from "../../operator/plan/pods/fleet.ts";
import { allDone, planModel } from "../../operator/plan/plan.ts";
import { specOf } from "../fixtures/spec.ts";
import { tick } from "./life.ts";
import { pass, settle } from "./pass.ts";
import { createWorld, edit, modelName, observeWorld, type World } from "./world.ts";

function serving(spec: Partial<Spec>): World {
  const world = createWorld(specOf(spec), { v1: "good", v2: "good" });
  settle(world);
  return world;
}

/** Ready and Stalled as the next pass tells them. */
function told(world: World, more: Partial<Observed> = {}) {
  const status = planModel({ ...observeWorld(world), ...more })?.status(allDone);
  const of = (type: string) => status?.conditions?.find((condition) => condition.type === type);
  return { ready: of("Ready"), stalled: of("Stalled"), available: of("Available"), failure: status?.lastFailure };
}

const scaling = { min: 1, max: 5, metric: "CPU", targetPercent: 80 } as const;
const gpu = { count: 1, resourceName: "nvidia.com/gpu" };
const source = { secretKeyRef: { name: "s", key: "mode" } };
const fromSecret = { spec: { containers: [{ name: "server", env: [{ name: "MODE", valueFrom: source }] }] } };
const onModel: ObservedAutoscaler = {
  name: "rival",
  targetKind: "ModelDeployment",
  targetName: modelName,
  controller: undefined,
};

function withContainer(container: object): object {
  return { spec: { containers: [container] } };
}

const rows: readonly {
  readonly what: string;
  readonly spec: Partial<Spec>;
  readonly autoscalers?: readonly ObservedAutoscaler[];
  readonly reason: string;
  readonly says: RegExp;
}[] = [
  {
    what: "CPU scaling without a CPU request",
    spec: { scaling, resources: { requests: { memory: "1Gi" } } },
    reason: "ScalingWithoutRequest",
    says: /spec\.scaling\.metric CPU .* set spec\.resources\.requests\.cpu/,
  },
  {
    what: "memory scaling without a memory request",
    spec: { scaling: { ...scaling, metric: "Memory" }, resources: { requests: { cpu: "1" } } },
    reason: "ScalingWithoutRequest",
    says: /spec\.scaling\.metric Memory .* set spec\.resources\.requests\.memory/,
  },
  {
    what: "an autoscaler of the user's own beside spec.scaling",
    spec: { scaling, resources: { requests: { cpu: "1" } } },
    autoscalers: [onModel],
    reason: "SecondAutoscaler",
    says: /rival turns spec\.replicas as well: delete it, or remove spec\.scaling/,
  },
  {
    what: "an autoscaler that a ScaledObject made, and would make again, beside spec.scaling",
    spec: { scaling, resources: { requests: { cpu: "1" } } },
    autoscalers: [{ ...onModel, name: "keda-hpa-night", controller: { kind: "ScaledObject", name: "night" } }],
    reason: "SecondAutoscaler",
    says: /keda-hpa-night of ScaledObject night turns spec\.replicas .*: delete ScaledObject night, or remove spec\.sc/,
  },
  {
    what: "a sidecar without a request",
    spec: {
      scaling,
      resources: { requests: { cpu: "1" } },
      podTemplate: withContainer({ name: "side", image: "s:1" }),
    },
    reason: "ScalingWithoutRequest",
    says: /their container side requests none: set resources\.requests\.cpu of it in spec\.podTemplate/,
  },
  {
    what: "two autoscalers of the user's own",
    spec: {},
    autoscalers: [
      { ...onModel, name: "second" },
      { ...onModel, name: "first", controller: { kind: "ScaledObject", name: "night" } },
    ],
    reason: "SecondAutoscaler",
    says: /^Horiz\w+ first of ScaledObject night and Horiz\w+ second all turn spec\.replicas: keep one, and delete ScaledObject night or second$/,
  },
  {
    what: "another GPU limit in spec.podTemplate than spec.gpu.count",
    spec: { gpu, podTemplate: withContainer({ name: "server", resources: { limits: { "nvidia.com/gpu": "4" } } }) },
    reason: "ResourcesConflict",
    says: /^spec\.podTemplate gives container server 4 nvidia\.com\/gpu, and spec\.gpu\.count is 1: set spec\.gpu\.count/,
  },
  {
    what: "a GPU that spec.podTemplate takes away",
    spec: { gpu, podTemplate: withContainer({ name: "server", resources: { limits: null } }) },
    reason: "ResourcesConflict",
    says: /^spec\.podTemplate gives container server no nvidia\.com\/gpu/,
  },
  {
    what: "a label of ours in spec.podTemplate",
    spec: { podTemplate: { metadata: { labels: { "slipway.dev/model": "other" } } } },
    reason: "PodTemplateConflict",
    says: /spec\.podTemplate\.metadata\.labels sets slipway\.dev\/model, .* remove it/,
  },
  {
    what: "a spec.podTemplate whose spec is no map",
    spec: { podTemplate: { spec: "x" } },
    reason: "PodTemplateConflict",
    says: /^spec\.podTemplate\.spec is no map of fields/,
  },
  {
    what: "a spec.podTemplate whose containers are no list",
    spec: { podTemplate: { spec: { containers: "x" } } },
    reason: "PodTemplateConflict",
    says: /^spec\.podTemplate\.spec\.containers is no list of containers/,
  },
  {
    what: "a spec.podTemplate with a container that is no map",
    spec: { podTemplate: { spec: { initContainers: ["x"] } } },
    reason: "PodTemplateConflict",
    says: /^spec\.podTemplate\.spec\.initContainers has an entry that is no map/,
  },
  {
    what: "a spec.podTemplate with a container that has no name",
    spec: { podTemplate: { spec: { containers: [{ image: "registry.test/other" }] } } },
    reason: "PodTemplateConflict",
    says: /^spec\.podTemplate\.spec\.containers has an entry without a name, by which the list is merged: give it one$/,
  },
  {
    what: "a spec.podTemplate that leaves no container",
    spec: { podTemplate: { spec: { containers: [] } } },
    reason: "PodTemplateConflict",
    says: /^spec\.podTemplate\.spec\.containers leaves no container server: do not empty the list$/,
  },
  {
    what: "a spec.podTemplate with variables that are no list",
    spec: { podTemplate: { spec: { containers: [{ name: "server", env: "x" }] } } },
    reason: "PodTemplateConflict",
    says: /^spec\.podTemplate\.spec\.containers\[server\]\.env is no list$/,
  },
  {
    what: "a spec.podTemplate that gives a variable of spec.server.env a source as well",
    spec: { server: { env: [{ name: "MODE", value: "a" }] }, podTemplate: fromSecret },
    reason: "PodTemplateConflict",
    says: /^spec\.podTemplate\.spec\.containers\[server\]\.env: MODE has both value and valueFrom: take one away/,
  },
  {
    what: "another limit than spec.gpu.count",
    spec: { gpu, resources: { limits: { "nvidia.com/gpu": 2 } } },
    reason: "ResourcesConflict",
    says: /spec\.resources\.limits\["nvidia\.com\/gpu"\] and spec\.gpu\.count \(1\) .* remove it from spec\.resources/,
  },
  {
    what: "another request than spec.gpu.count",
    spec: { gpu, resources: { requests: { "nvidia.com/gpu": "4" } } },
    reason: "ResourcesConflict",
    says: /spec\.resources\.requests\["nvidia\.com\/gpu"\]/,
  },
];

for (const { what, spec, autoscalers = [], reason, says } of rows) {
  test(`${what} is told, and what serves goes on`, () => {
    const { ready, stalled, available } = told(serving(spec), { rivalAutoscalers: autoscalers });
    assert.deepEqual([ready?.status, ready?.reason], ["False", reason]);
    assert.deepEqual([stalled?.status, stalled?.reason], ["True", reason]);
    assert.match(ready?.message ?? "", says);
    assert.equal(available?.status, "True");
  });
}

const harmless: readonly { readonly what: string; readonly spec: Partial<Spec>; readonly more?: Partial<Observed> }[] =
  [
    { what: "an autoscaler of the user's own, and no spec.scaling", spec: {}, more: { rivalAutoscalers: [onModel] } },
    { what: "CPU scaling with a limit alone", spec: { scaling, resources: { limits: { cpu: 1 } } } },
    {
      what: "memory scaling with a memory request",
      spec: { scaling: { ...scaling, metric: "Memory" }, resources: { requests: { memory: "1Gi" } } },
    },
    {
      what: "CPU scaling with a request in spec.podTemplate",
      spec: { scaling, podTemplate: withContainer({ name: "server", resources: { requests: { cpu: "1" } } }) },
    },
    {
      what: "the same number in spec.podTemplate",
      spec: { gpu, podTemplate: withContainer({ name: "server", resources: { limits: { "nvidia.com/gpu": 1 } } }) },
    },
    { what: "a variable from a Secret, set by spec.podTemplate alone", spec: { podTemplate: fromSecret } },
    {
      what: "a container beside the server, and no variables",
      spec: { podTemplate: { spec: { containers: [{ name: "beside" }, { name: "server", env: null }] } } },
    },
    { what: "the same number twice", spec: { gpu, resources: { limits: { "nvidia.com/gpu": "1" } } } },
    { what: "a GPU without spec.gpu", spec: { resources: { limits: { "nvidia.com/gpu": "2" } } } },
  ];

for (const { what, spec, more } of harmless) {
  test(`${what} is no problem`, () => assert.equal(told(serving(spec), more).ready?.reason, "Serving"));
}

test("CPU scaling with a request that the namespace gives is no problem, whatever the spec says", () => {
  const world = serving({ scaling });
  assert.equal(told(world).ready?.reason, "ScalingWithoutRequest");
  world.pods = world.pods.map((pod) => ({ ...pod, withoutCpuRequest: undefined }));
  assert.equal(told(world).ready?.reason, "Serving");
});

test("CPU scaling is not judged before there are pods to judge it by", () => {
  const world = createWorld(specOf({ scaling }), { v1: "good" });
  assert.equal(told(world).stalled?.status, "False");
});

function node(name: string, more: Partial<ObservedNode> = {}): ObservedNode {
  return {
    name,
    unschedulable: false,
    ready: true,
    taints: [],
    labels: { "kubernetes.io/os": "linux", "nvidia.com/gpu.product": "NVIDIA-L4", "nvidia.com/gpu.memory": "24576" },
    allocatable: { "nvidia.com/gpu": 1 },
    ...more,
  };
}

test("a GPU that finds no node: each node is told with what keeps these very pods off it", () => {
  const world = serving({ placement: { tolerations: [{ key: "team", operator: "Exists" }] } });
  world.behaviour.set("v2", "unschedulable");
  edit(world, { version: "v2", gpu });
  pass(world);
  tick(world, 1, () => 0);
  const taint = (key: string) => ({ key, value: "", effect: "NoSchedule" });
  const nodes = [
    node("free", { taints: [taint("team"), taint("nvidia.com/gpu")] }),
    node("away", { ready: false }),
    node("held", { taints: [taint("batch")] }),
  ];
  const { failure } = told(world, { nodes });
  assert.equal(failure?.reason, "Unschedulable");
  assert.match(failure.message, /^0\/1 nodes are available: 1 Insufficient cpu\. \(free: fits by its labels and size/);
  assert.match(failure.message, /; away: is not ready; held: has the taint batch:NoSchedule, which the pod does not/);
});

test("what a GPU node lacks is told of what the pods were made with, also after the spec has asked for more", () => {
  const world = serving({});
  world.behaviour.set("v2", "unschedulable");
  edit(world, { version: "v2", gpu });
  pass(world);
  tick(world, 1, () => 0);
  edit(world, { gpu: { ...gpu, count: 4 } });
  const fleets = fleetsOf({ ...observeWorld(world), nodes: [node("free")] });
  const [failure] = [...fleets.values()].flatMap((fleet) => fleet.failure ?? []);
  assert.match(failure?.message ?? "", /\(free: fits by its labels and size/);
});
