import { isRagged, type Tensor } from "../../tensor.ts";
import type { SessionOutcome, SessionRun } from "../session/session.ts";
import type { Sequence, ServingGraph } from "./serving-graph.ts";

/** The runs of a model as its users see it, by those of the changed one: see {@link ServingGraph}. */
export function adaptRun(run: SessionRun, { defaults, labels, sequences }: ServingGraph): SessionRun {
  if (defaults.size === 0 && labels.size === 0 && sequences.size === 0) return run;
  return (inputs, outputs) => {
    const outcome = run(withDefaults(inputs, defaults), namesFor(outputs, sequences));
    if (outcome.kind !== "done") return outcome;
    const found = new Map(outcome.outputs.map((tensor) => [tensor.name, tensor]));
    return finish(outputs, (name) => {
      const sequence = sequences.get(name);
      if (sequence !== undefined) return joinParts(name, sequence, found);
      const tensor = found.get(name);
      const classes = labels.get(name);
      return tensor && classes ? label(tensor, classes) : tensor;
    });
  };
}

function withDefaults(inputs: readonly Tensor[], defaults: ReadonlyMap<string, Tensor>): readonly Tensor[] {
  if (defaults.size === 0) return inputs;
  const missing = [...defaults.values()].filter(({ name }) => !inputs.some((input) => input.name === name));
  return missing.length === 0 ? inputs : [...inputs, ...missing];
}

function namesFor(outputs: readonly string[], sequences: ReadonlyMap<string, Sequence>): readonly string[] {
  if (sequences.size === 0) return outputs;
  return outputs.flatMap((name) => {
    const sequence = sequences.get(name);
    return sequence === undefined ? [name] : [sequence.data, sequence.sizes, sequence.ranks];
  });
}

function finish(names: readonly string[], take: (name: string) => Tensor | undefined): SessionOutcome {
  return { kind: "done", outputs: names.flatMap((name) => take(name) ?? []) };
}

/** A ZipMap takes a single row without a dimension for it. */
function label(tensor: Tensor, labels: readonly string[]): Tensor {
  const shape = tensor.shape.length === 1 ? [1, ...tensor.shape] : tensor.shape;
  return { ...tensor, shape, labels };
}

/** Tensors of one shape are one tensor with a dimension more; others stay in a row, whose shape is their number. */
function joinParts(name: string, parts: Sequence, found: ReadonlyMap<string, Tensor>): Tensor | undefined {
  const data = found.get(parts.data);
  const sizes = [...(found.get(parts.sizes)?.data ?? [])].map(Number);
  if (data === undefined) return undefined;
  let at = 0;
  const elements = [...(found.get(parts.ranks)?.data ?? [])].map((rank) => sizes.slice(at, (at += Number(rank))));
  const inside = isRagged({ elements }) ? [] : (elements[0] ?? []);
  return { ...data, name, shape: [elements.length, ...inside], elements };
}
