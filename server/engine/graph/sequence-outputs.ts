import { elementTypes } from "../../fetch/onnx/element-types.ts";
import type { Edit } from "./edit-graph.ts";
import type { GraphOutline } from "./graph-outline.ts";
import { boolType, graphAttribute, int64Type, integerAttribute, listOf, nodeOf, valueOf } from "./onnx-messages.ts";

/** Outputs that stand for one that is a sequence of tensors: names of values that no model has. */
export interface SequenceParts {
  /** The elements of all tensors, flat, one after the other. */
  readonly data: string;
  /** The sizes of all tensors, one after the other. INT64. */
  readonly sizes: string;
  /** How many sizes each of the tensors has. INT64. */
  readonly ranks: string;
}

export interface SequenceOutputs {
  readonly edits: readonly Edit[];
  readonly added: readonly Uint8Array[];
  /** By the output's name. */
  readonly sequences: ReadonlyMap<string, SequenceParts>;
}

/** SequenceAt and SequenceLength came with it. */
const opsetOfSequences = 11;

/**
 * ONNX Runtime's binding for Node hands over no sequences, so a loop behind the model takes each apart into three tensors,
 * whatever the shapes in it are:
 *
 *     for each tensor of the sequence:
 *       data  += Reshape(tensor, [-1])
 *       sizes += Shape(tensor)
 *       ranks += Shape(Shape(tensor))
 */
export function takeSequencesApart({ outputs, opset }: GraphOutline): SequenceOutputs {
  const edits: Edit[] = [];
  const added: Uint8Array[] = [];
  const sequences = new Map<string, SequenceParts>();
  if (opset === undefined || opset < opsetOfSequences) return { edits, added, sequences };
  for (const { part, field } of outputs) {
    const code = part.type === "SEQUENCE" ? codeOf(part.of?.type ?? "") : undefined;
    if (code === undefined) continue;
    const named = (what: string): string => `slipway:${part.name}:${what}`;
    const parts: SequenceParts = { data: named("data"), sizes: named("sizes"), ranks: named("ranks") };
    sequences.set(part.name, parts);
    const bytes = Buffer.concat([
      valueOf(12, parts.data, code),
      valueOf(12, parts.sizes, int64Type),
      valueOf(12, parts.ranks, int64Type),
    ]);
    edits.push({ start: field.keyAt, end: field.end, bytes });
    added.push(
      listOf(named("no data"), code, 0, new Uint8Array()),
      listOf(named("no sizes"), int64Type, 0, new Uint8Array()),
      listOf(named("flat"), int64Type, 1, new Uint8Array(8).fill(0xff)),
      nodeOf({ operator: "SequenceLength", inputs: [part.name], outputs: [named("length")] }),
      nodeOf({
        operator: "Loop",
        inputs: [named("length"), "", named("no data"), named("no sizes"), named("no sizes")],
        outputs: [parts.data, parts.sizes, parts.ranks],
        attributes: [graphAttribute("body", bodyOf(part.name, code, named))],
      }),
    );
  }
  return { edits, added, sequences };
}

function bodyOf(sequence: string, code: number, named: (what: string) => string): readonly Uint8Array[] {
  const joined = (before: string, more: string, after: string): Uint8Array =>
    nodeOf({
      operator: "Concat",
      inputs: [named(before), named(more)],
      outputs: [named(after)],
      attributes: [integerAttribute("axis", 0)],
    });
  return [
    nodeOf({ operator: "SequenceAt", inputs: [sequence, named("index")], outputs: [named("tensor")] }),
    nodeOf({ operator: "Reshape", inputs: [named("tensor"), named("flat")], outputs: [named("more data")] }),
    nodeOf({ operator: "Shape", inputs: [named("tensor")], outputs: [named("more sizes")] }),
    nodeOf({ operator: "Shape", inputs: [named("more sizes")], outputs: [named("more ranks")] }),
    joined("data before", "more data", "data after"),
    joined("sizes before", "more sizes", "sizes after"),
    joined("ranks before", "more ranks", "ranks after"),
    nodeOf({ operator: "Identity", inputs: [named("going")], outputs: [named("going on")] }),
    valueOf(11, named("index"), int64Type, true),
    valueOf(11, named("going"), boolType, true),
    valueOf(11, named("data before"), code),
    valueOf(11, named("sizes before"), int64Type),
    valueOf(11, named("ranks before"), int64Type),
    valueOf(12, named("going on"), boolType, true),
    valueOf(12, named("data after"), code),
    valueOf(12, named("sizes after"), int64Type),
    valueOf(12, named("ranks after"), int64Type),
  ];
}

/** TensorProto.DataType of the types that can be sent. */
function codeOf(type: string): number | undefined {
  const code = Number(Object.entries(elementTypes).find(([, name]) => name === type)?.[0] ?? 0);
  return code >= 1 && code <= 13 ? code : undefined;
}
