import type { Tensor } from "../../tensor.ts";

/**
 * Shapes for which two sessions have given the same bits, run after run. Threads share a tensor's elements out by its shape.
 * The last ones of a part are computed another way, as those of a logarithm are, and products of few rows in other parts: the
 * bits are the same for one shape and others for the next.
 */
export interface ProvenShapes {
  /** As often as it takes. */
  readonly isProven: (inputs: readonly Tensor[]) => boolean;
  /** One run more would show something: of a client whose requests all differ, each would be run twice for nothing. */
  readonly isOpen: (inputs: readonly Tensor[]) => boolean;
  /** The same bits came of them. */
  readonly add: (inputs: readonly Tensor[]) => void;
}

/** Shapes that are tried: a model that is asked for more has few runs of each. */
const mostShapes = 64;

export function createProvenShapes(runs: number): ProvenShapes {
  const seen = new Map<string, number>();
  const isProven = (inputs: readonly Tensor[]): boolean => (seen.get(keyOf(inputs)) ?? 0) >= runs;
  const hasRoom = (inputs: readonly Tensor[]): boolean => seen.size < mostShapes || seen.has(keyOf(inputs));
  return {
    isProven,
    isOpen: (inputs) => hasRoom(inputs) && !isProven(inputs),
    add(inputs) {
      if (!hasRoom(inputs)) return;
      const key = keyOf(inputs);
      seen.set(key, (seen.get(key) ?? 0) + 1);
    },
  };
}

/** Inputs come in the model's order; those that may be left out make others of them. */
function keyOf(inputs: readonly Tensor[]): string {
  let key = "";
  for (const { name, shape } of inputs) key += `${name}\0${shape.join(",")}\0`;
  return key;
}
