import assert from "node:assert/strict";
import { test } from "node:test";
import { explainGpu } from "./gpu-fit.ts";
import type { ObservedNode } from "../observed.ts";

const pod = { containers: [] };
const gpu = { count: 1, resourceName: "nvidia.com/gpu" };

function node(name: string, overrides: Partial<ObservedNode> = {}): ObservedNode {
  return {
    name,
    unschedulable: false,
    ready: true,
    taints: [],
    labels: { "nvidia.com/gpu.product": "NVIDIA-L4", "nvidia.com/gpu.memory": "24576" },
    allocatable: { "nvidia.com/gpu": 1, cpu: 8, memory: 32 * 2 ** 30 },
    ...overrides,
  };
}

const slice = { count: 1, resourceName: "nvidia.com/mig-1g.5gb" };
const sliced = node("a", {
  labels: {
    "nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB",
    "nvidia.com/gpu.memory": "40960",
    "nvidia.com/mig-1g.5gb.product": "NVIDIA-A100-SXM4-40GB-MIG-1g.5gb",
    "nvidia.com/mig-1g.5gb.memory": "4864",
  },
  allocatable: { "nvidia.com/mig-1g.5gb": 7 },
});

const rows = [
  {
    name: "no GPU anywhere",
    wanted: gpu,
    nodes: [node("cpu", { labels: {}, allocatable: {} })],
    says: /no node offers nvidia.com\/gpu/,
  },
  {
    name: "another product",
    wanted: { ...gpu, products: ["NVIDIA-A10"] },
    nodes: [node("a")],
    says: /a: NVIDIA-L4 is not among NVIDIA-A10/,
  },
  {
    name: "too little memory",
    wanted: { ...gpu, minMemory: "40Gi" },
    nodes: [node("a")],
    says: /a: 24576Mi, and 40Gi of GPU memory are asked for/,
  },
  {
    name: "too few",
    wanted: { ...gpu, count: 2 },
    nodes: [node("a")],
    says: /a: offers 1 nvidia.com\/gpu, and 2 are asked for/,
  },
  {
    name: "no label of its memory",
    wanted: { count: 1, resourceName: "amd.com/gpu", minMemory: "16Gi" },
    nodes: [node("a", { labels: {}, allocatable: { "amd.com/gpu": 1 } })],
    says: /^a: no label amd.com\/gpu.memory, and 16Gi of GPU memory are asked for$/,
  },
  {
    name: "a slice with less memory than its card",
    wanted: { ...slice, minMemory: "16Gi" },
    nodes: [sliced],
    says: /^a: 4864Mi, and 16Gi of GPU memory are asked for$/,
  },
  {
    name: "a slice of another product",
    wanted: { ...slice, products: ["NVIDIA-A100-SXM4-40GB"] },
    nodes: [sliced],
    says: /^a: NVIDIA-A100-SXM4-40GB-MIG-1g.5gb is not among NVIDIA-A100-SXM4-40GB$/,
  },
  {
    name: "a card without such a slice",
    wanted: slice,
    nodes: [node("a")],
    says: /^no node offers nvidia.com\/mig-1g.5gb$/,
  },
  { name: "cordoned", wanted: gpu, nodes: [node("a", { unschedulable: true })], says: /a: is cordoned/ },
  {
    name: "more than any node has",
    wanted: { ...gpu, count: 16 },
    nodes: [node("a"), node("b", { allocatable: { "nvidia.com/gpu": 8 } })],
    says: /^a: offers 1 nvidia.com\/gpu, and 16 are asked for; b: offers 8 nvidia.com\/gpu, and 16 are asked for$/,
  },
  { name: "not ready", wanted: gpu, nodes: [node("a", { ready: false })], says: /^a: is not ready$/ },
  {
    name: "nothing that can be seen",
    wanted: gpu,
    nodes: [node("a")],
    says: /^a: fits by its labels and size, and how much of its 1 nvidia.com\/gpu is free is not known here: the scheduler's own words stand in front$/,
  },
];

for (const { name, wanted, nodes, says } of rows) {
  test(`what each node lacks: ${name}`, () => assert.match(explainGpu(wanted, pod, nodes), says));
}

test("what keeps the pod off a node for another reason than its GPUs is named, and never told as GPUs in use", () => {
  const tainted = node("a", { taints: [{ key: "team", value: "vision", effect: "NoSchedule" }] });
  assert.equal(
    explainGpu(gpu, pod, [tainted]),
    "a: has the taint team=vision:NoSchedule, which the pod does not tolerate",
  );
});

test("many nodes are cut short", () => {
  const nodes = Array.from({ length: 14 }, (_, index) => node(`node-${index}`));
  assert.match(explainGpu(gpu, pod, nodes), /and 4 more nodes$/);
});
