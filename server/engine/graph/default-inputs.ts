import type { Tensor } from "../../tensor.ts";
import type { Edit } from "./edit-graph.ts";
import type { GraphOutline } from "./graph-outline.ts";
import { readTensorProto } from "./tensor-proto.ts";

/**
 * Initializers that are also inputs have values that a request may override. Some exporters list all weights among the
 * inputs, which nobody means to send: together they are larger than this, and then none of them is offered.
 */
const defaultBytes = 64 * 1024;
/** IR version from which on an initializer that is an input is a default, and not a constant. */
const irOfDefaults = 4;

/**
 * ONNX Runtime's binding for Node takes no values for them, so they become inputs like all others, whose values are
 * given with each run.
 */
export function takeDefaultsOut({ reader, irVersion, inputs, initializers }: GraphOutline): {
  readonly edits: readonly Edit[];
  readonly defaults: ReadonlyMap<string, Tensor>;
} {
  const edits: Edit[] = [];
  const defaults = new Map<string, Tensor>();
  const names = new Set(inputs.map(({ part }) => part.name));
  const both = irVersion < irOfDefaults ? [] : initializers.filter(({ part }) => names.has(part));
  const bytes = both.reduce((sum, { field }) => sum + (field.end - field.start), 0);
  if (bytes > defaultBytes) return { edits, defaults };
  for (const { part: name, field } of both) {
    const value = readTensorProto(reader, field, name, defaultBytes);
    if (value === undefined) continue;
    defaults.set(name, value);
    edits.push({ start: field.keyAt, end: field.end, bytes: new Uint8Array() });
  }
  return { edits, defaults };
}
