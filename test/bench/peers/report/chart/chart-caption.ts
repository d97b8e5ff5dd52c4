import type { Machine } from "../../../machine.ts";
import { type RunFacts, runText } from "../../run-facts.ts";

/** What readings are worth nothing without: where they were taken, when, and how thoroughly. A line each. */
export function chartCaption(machine: Machine, run: RunFacts, begun: Date): readonly string[] {
  const { cores, processor, memoryGibibytes, kernel, node, versions } = machine;
  return [
    `${cores} cores (${processor}), ${memoryGibibytes} GiB, Linux ${kernel}; Node.js ${node}, onnxruntime-node ${versions["onnxruntime-node"] ?? "unknown"}`,
    `${begun.toISOString().slice(0, 10)}, ${runText(run)}; the load generator shares the cores`,
  ];
}
