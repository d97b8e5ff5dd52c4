import type { Problem } from "../../errors.ts";
import { tensorProblems } from "../../tensor-problems.ts";
import type { Tensor, TensorSpec } from "../../tensor.ts";

/** Names of a model's inputs, found fast where they come in the order expected. */
export interface Names {
  readonly all: readonly string[];
  /** The name expected at a place, as a list of at most one. */
  readonly at: (place: number) => readonly string[];
  /** Index of the input with this name, which is expected at `place` from then on; -1: there is none. */
  readonly indexOf: (name: string, place: number) => number;
  /** The tensors, of which none may be missing that is not optional. */
  readonly complete: (tensors: readonly (Tensor | undefined)[]) => readonly Tensor[] | Problem;
}

/** At first the model's own order is expected. */
export function createNames(inputs: readonly TensorSpec[]): Names {
  const all = inputs.map(({ name }) => name);
  const lists = all.map((name) => [name]);
  const order = all.map((_, index) => index);
  let indexes: ReadonlyMap<string, number> | undefined;
  return {
    all,
    at: (place) => lists[order[place] ?? -1] ?? none,
    indexOf(name, place) {
      const expected = order[place] ?? -1;
      if (all[expected] === name) return expected;
      indexes ??= new Map(all.map((one, index) => [one, index]));
      const index = indexes.get(name) ?? -1;
      if (index !== -1 && place < order.length) order[place] = index;
      return index;
    },
    complete(tensors) {
      const found: Tensor[] = [];
      for (const [index, tensor] of tensors.entries()) {
        if (tensor !== undefined) found.push(tensor);
        else if (inputs[index]?.isOptional !== true) return tensorProblems.missingInput(all[index] ?? "", all);
      }
      return found;
    },
  };
}

const none: readonly string[] = [];
