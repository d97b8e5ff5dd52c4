import assert from "node:assert/strict";
import { test } from "node:test";
import { explainGpu } from "./gpu-fit.ts";
import type { ObservedNode } from "./observed.ts";

const gpu = { count: 1, resourceName: "nvidia.com/gpu" };

function node(name: string, overrides: Partial<ObservedNode> = {}): ObservedNode {
  return {
    name,
    unschedulable: false,
    product: "NVIDIA-L4",
    gpuMemoryMebibytes: 24_576,
    allocatable: { "nvidia.com/gpu": 1 },
    ...overrides,
  };
}

const rows = [
  {
    name: "no GPU anywhere",
    wanted: gpu,
    nodes: [node("cpu", { product: undefined, allocatable: {} })],
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
  { name: "cordoned", wanted: gpu, nodes: [node("a", { unschedulable: true })], says: /a: is cordoned/ },
  { name: "all in use", wanted: gpu, nodes: [node("a")], says: /a: fits, with its 1 nvidia.com\/gpu in use/ },
];

for (const { name, wanted, nodes, says } of rows) {
  test(`what each node lacks: ${name}`, () => assert.match(explainGpu(wanted, nodes), says));
}

test("many nodes are cut short", () => {
  const nodes = Array.from({ length: 14 }, (_, index) => node(`node-${index}`));
  assert.match(explainGpu(gpu, nodes), /and 4 more nodes$/);
});
