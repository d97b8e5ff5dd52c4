import type { Problem } from "../errors.ts";
import { type SizeFound, tensorProblems } from "../tensor-problems.ts";
import type { Signature, Tensor } from "../tensor.ts";

interface NamedDimension {
  readonly symbol: string;
  readonly dimension: number;
}

/** By input, its dimensions whose names stand more than once. */
type SharedNames = ReadonlyMap<string, readonly NamedDimension[]>;

/** Of each model, found once. */
const known = new WeakMap<Signature, SharedNames>();

/**
 * Dimensions of one name have one size in a request, wherever they stand. ONNX Runtime itself does not look: it runs as
 * far as it can, and then speaks of a node of the model. `tensors`: inputs whose shapes the model takes.
 */
export function checkSizes(signature: Signature, tensors: readonly Tensor[]): Problem | undefined {
  let shared = known.get(signature);
  if (shared === undefined) {
    shared = sharedNames(signature);
    known.set(signature, shared);
  }
  // As with most models.
  if (shared.size === 0) return undefined;
  const found = new Map<string, SizeFound>();
  for (const { name, shape } of tensors) {
    for (const { symbol, dimension } of shared.get(name) ?? []) {
      const here: SizeFound = { input: name, dimension, size: shape[dimension] ?? 0 };
      const before = found.get(symbol);
      if (before === undefined) found.set(symbol, here);
      else if (before.size !== here.size) return tensorProblems.sizesDisagree(symbol, before, here);
    }
  }
  return undefined;
}

function sharedNames({ inputs }: Signature): SharedNames {
  const counts = new Map<string, number>();
  for (const { dimensionNames = [] } of inputs) {
    for (const name of dimensionNames) if (name !== "") counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return new Map(
    inputs.flatMap(({ name, dimensionNames = [] }) => {
      const dimensions = dimensionNames.flatMap((symbol, dimension) =>
        (counts.get(symbol) ?? 0) > 1 ? [{ symbol, dimension }] : [],
      );
      return dimensions.length === 0 ? [] : [[name, dimensions] as const];
    }),
  );
}
