import type { V1PodSpec } from "@kubernetes/client-node";
import type { Spec } from "../../api/model.ts";
import { gpuLabels } from "../../api/names.ts";
import { mebibytes } from "../../api/quantity.ts";
import { obstacleOf } from "./node-fit.ts";
import type { ObservedNode } from "../observed.ts";

/** More names than this help nobody. */
const nodesNamed = 10;

/**
 * Which node lacks what: the scheduler counts nodes and names none. A node that is told to fit does so by all that can
 * be seen; how many of its GPUs are free is not worked out here, as the scheduler alone knows.
 */
export function explainGpu(gpu: NonNullable<Spec["gpu"]>, pod: V1PodSpec, nodes: readonly ObservedNode[]): string {
  const { product } = gpuLabels(gpu.resourceName);
  const candidates = nodes.filter(
    (node) => node.labels[product] !== undefined || capacityOf(node, gpu.resourceName) > 0,
  );
  if (candidates.length === 0) return `no node offers ${gpu.resourceName}`;
  const named = candidates.slice(0, nodesNamed).map((node) => `${node.name}: ${lackOf(gpu, pod, node)}`);
  const more = candidates.length > nodesNamed ? [`and ${candidates.length - nodesNamed} more nodes`] : [];
  return [...named, ...more].join("; ");
}

function lackOf(gpu: NonNullable<Spec["gpu"]>, pod: V1PodSpec, node: ObservedNode): string {
  return (
    gpuLack(gpu, node) ??
    obstacleOf(pod, node) ??
    `fits by its labels and size, and how much of its ${capacityOf(node, gpu.resourceName)} ${gpu.resourceName} is free is not known here: the scheduler's own words stand in front`
  );
}

/** What spec.gpu itself asks for. */
function gpuLack(gpu: NonNullable<Spec["gpu"]>, node: ObservedNode): string | undefined {
  const capacity = capacityOf(node, gpu.resourceName);
  const own = gpuLabels(gpu.resourceName);
  const product = node.labels[own.product];
  const memory = node.labels[own.memory];
  if (gpu.products !== undefined && gpu.products.length > 0 && !gpu.products.includes(product ?? "")) {
    return `${product ?? `no label ${own.product}`} is not among ${gpu.products.join(", ")}`;
  }
  if (gpu.minMemory !== undefined && !(Number(memory) >= mebibytes(gpu.minMemory))) {
    const has = memory === undefined ? `no label ${own.memory}` : `${memory}Mi`;
    return `${has}, and ${gpu.minMemory} of GPU memory are asked for`;
  }
  if (capacity < gpu.count) return `offers ${capacity} ${gpu.resourceName}, and ${gpu.count} are asked for`;
  return undefined;
}

function capacityOf(node: ObservedNode, resource: string): number {
  return node.allocatable[resource] ?? 0;
}
