import { createHash } from "node:crypto";
import type { ModelSummary } from "./read-model.ts";
import type { TensorInfo } from "./value-info.ts";

/**
 * `sha256:` over what a caller can see of a model: inputs and outputs with name, element type and dims, as JSON without
 * spaces, sorted by name. Two models of one signature can stand in for each other.
 */
export function signatureOf({ inputs, outputs }: Pick<ModelSummary, "inputs" | "outputs">): string {
  const json = JSON.stringify({ inputs: canonical(inputs), outputs: canonical(outputs) });
  return `sha256:${createHash("sha256").update(json).digest("hex")}`;
}

function canonical(tensors: readonly TensorInfo[]): readonly TensorInfo[] {
  return tensors
    .map(({ name, type, dims }) => ({ name, type, dims }))
    .toSorted((left, right) => (left.name < right.name ? -1 : left.name > right.name ? 1 : 0));
}
