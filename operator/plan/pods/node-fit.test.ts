import assert from "node:assert/strict";
import { test } from "node:test";
import type {
  V1NodeSelectorRequirement,
  V1PodSpec,
  V1ResourceRequirements,
  V1Toleration,
} from "@kubernetes/client-node";
import { obstacleOf } from "./node-fit.ts";
import type { ObservedNode } from "../observed.ts";

const node: ObservedNode = {
  name: "a",
  unschedulable: false,
  ready: true,
  taints: [],
  labels: { zone: "a", cores: "8" },
  allocatable: { cpu: 4, memory: 16 * 2 ** 30 },
};

function pod(overrides: Partial<V1PodSpec> = {}): V1PodSpec {
  return { containers: [], ...overrides };
}

function asking(resources: V1ResourceRequirements): V1PodSpec {
  return pod({ containers: [{ name: "server", resources }], initContainers: [{ name: "fetch", resources }] });
}

const rows: readonly { what: string; pod?: V1PodSpec; node?: Partial<ObservedNode>; says: string | undefined }[] = [
  { what: "nothing", says: undefined },
  { what: "no word from its kubelet", node: { ready: false }, says: "is not ready" },
  { what: "a cordon", node: { unschedulable: true }, says: "is cordoned" },
  {
    what: "a label",
    pod: pod({ nodeSelector: { zone: "a", disk: "fast" } }),
    says: "lacks the label disk=fast of the pod's nodeSelector",
  },
  { what: "no label that is asked for", pod: pod({ nodeSelector: { zone: "a" } }), says: undefined },
  {
    what: "cores",
    pod: asking({ requests: { cpu: "4500m" } }),
    says: "offers 4 CPU, and 4.5 CPU are asked for",
  },
  { what: "no cores", pod: asking({ requests: { cpu: "4" }, limits: { cpu: "8" } }), says: undefined },
  {
    what: "memory, by a limit without a request",
    pod: asking({ limits: { memory: "32Gi" } }),
    says: "offers 16384Mi of memory, and 32768Mi of memory are asked for",
  },
];

for (const row of rows) {
  test(`a node lacks ${row.what}`, () =>
    assert.equal(obstacleOf(row.pod ?? pod(), { ...node, ...row.node }), row.says));
}

const taint = { key: "gpu", value: "yes", effect: "NoSchedule" };
const tolerations: readonly { toleration: V1Toleration; holds: boolean }[] = [
  { toleration: { key: "gpu", operator: "Exists" }, holds: true },
  { toleration: { operator: "Exists" }, holds: true },
  { toleration: { key: "gpu", value: "yes" }, holds: true },
  { toleration: { key: "gpu", operator: "Equal", value: "no" }, holds: false },
  { toleration: { key: "gpu", operator: "Exists", effect: "NoExecute" }, holds: false },
  { toleration: { key: "other", operator: "Exists" }, holds: false },
];

for (const { toleration, holds } of tolerations) {
  test(`${JSON.stringify(toleration)} ${holds ? "tolerates" : "does not tolerate"} the taint`, () => {
    const said = obstacleOf(pod({ tolerations: [toleration] }), { ...node, taints: [taint] });
    assert.equal(said, holds ? undefined : "has the taint gpu=yes:NoSchedule, which the pod does not tolerate");
  });
}

test("a taint that is a preference keeps nobody off", () => {
  assert.equal(obstacleOf(pod(), { ...node, taints: [{ ...taint, effect: "PreferNoSchedule" }] }), undefined);
});

const requirements: readonly { requirement: V1NodeSelectorRequirement; holds: boolean }[] = [
  { requirement: { key: "zone", operator: "In", values: ["a", "b"] }, holds: true },
  { requirement: { key: "zone", operator: "In", values: ["b"] }, holds: false },
  { requirement: { key: "zone", operator: "NotIn", values: ["a"] }, holds: false },
  { requirement: { key: "rack", operator: "NotIn", values: ["a"] }, holds: true },
  { requirement: { key: "zone", operator: "Exists" }, holds: true },
  { requirement: { key: "rack", operator: "Exists" }, holds: false },
  { requirement: { key: "zone", operator: "DoesNotExist" }, holds: false },
  { requirement: { key: "cores", operator: "Gt", values: ["7"] }, holds: true },
  { requirement: { key: "cores", operator: "Gt", values: ["8"] }, holds: false },
  { requirement: { key: "cores", operator: "Lt", values: ["9"] }, holds: true },
  { requirement: { key: "rack", operator: "Lt", values: ["9"] }, holds: false },
];

for (const { requirement, holds } of requirements) {
  test(`${JSON.stringify(requirement)} ${holds ? "holds" : "does not hold"}`, () => {
    assert.equal(obstacleOf(required([{ matchExpressions: [requirement] }]), node) === undefined, holds);
  });
}

test("terms of affinity are alternatives, an empty one is none, and a field is the node's name", () => {
  const named = (name: string): object => ({ matchFields: [{ key: "metadata.name", operator: "In", values: [name] }] });
  assert.equal(obstacleOf(required([named("b"), named("a")]), node), undefined);
  assert.equal(obstacleOf(required([{}]), node), "does not match the required node affinity of the pod");
});

function required(terms: object[]): V1PodSpec {
  const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } };
  return pod({ affinity });
}
