import { isProblem, type Problem, problems } from "../../errors.ts";
import { tensorProblems } from "../../tensor-problems.ts";
import { openBrace, openBracket } from "../../json/byte.ts";
import { type Cursor, open, peek } from "../../json/cursor.ts";
import { base64Key, isBase64Next } from "../../json/read-base64.ts";
import { nextElement, nextKey } from "../../json/read-members.ts";
import { readValue, skipElements } from "../../json/read-value.ts";
import { checkShape, readShape, type Signature, type Tensor, type TensorSpec } from "../../tensor.ts";
import { readNested } from "./elements.ts";
import { gatherAny, gathered, type Gathering } from "./gathering.ts";
import { createNames } from "./names.ts";
import { onlyInputOf } from "../request.ts";

/**
 * Whole tensors without a stated shape: the nested array itself when the model has one input, or an object from input
 * name to nested array. The shape is the nesting's. `label` names the field in messages.
 */
export function readColumns(cursor: Cursor, signature: Signature, label: string): readonly Tensor[] | Problem {
  const { inputs } = signature;
  const only = onlyInputOf(inputs);
  if (only !== undefined && (peek(cursor) !== openBrace || isBase64Of(cursor, only))) {
    const tensor = readColumn(cursor, only, label);
    return isProblem(tensor) ? tensor : [tensor];
  }
  if (peek(cursor) !== openBrace) return wrongValue(cursor, label, namesAllowed(inputs));
  const mistake = open(cursor);
  if (mistake !== undefined) return mistake;
  const names = createNames(inputs);
  const tensors: (Tensor | undefined)[] = inputs.map(() => undefined);
  for (let count = 0; ; count++) {
    const key = nextKey(cursor, count === 0, names.at(count));
    if (key === undefined) break;
    if (isProblem(key)) return key;
    const index = names.indexOf(key, count);
    const spec = inputs[index];
    if (spec === undefined) return tensorProblems.unknownInput(key, names.all);
    if (tensors[index] !== undefined) return tensorProblems.duplicateInput(key);
    const tensor = readColumn(cursor, spec, `${label}[${JSON.stringify(key)}]`);
    if (isProblem(tensor)) return tensor;
    tensors[index] = tensor;
  }
  return names.complete(tensors);
}

/** Whether the object at the cursor is a string of an input's, and not an object from input name to value. */
export function isBase64Of(cursor: Cursor, { name, datatype }: TensorSpec): boolean {
  return datatype === "BYTES" && name !== base64Key && isBase64Next(cursor);
}

/** What a field must be that has a value for each input, for messages. */
export function namesAllowed(inputs: readonly TensorSpec[]): string {
  return `an object with ${inputs.map(({ name }) => JSON.stringify(name)).join(", ")}`;
}

export function wrongValue(cursor: Cursor, label: string, allowed: string): Problem {
  const value = readValue(cursor);
  return isProblem(value) ? value : problems.wrongField(label, value, allowed);
}

/** Reads one nested array as the tensor that `spec` describes. */
export function readColumn(cursor: Cursor, spec: TensorSpec, label: string): Tensor | Problem {
  const start: Cursor = { ...cursor };
  if (peek(cursor) !== openBracket && !(spec.shape.length === 0 && isBase64Of(cursor, spec))) {
    const value = readValue(cursor);
    if (isProblem(value)) return value;
    // A value of the wrong kind says more about the mistake than the shape that it happens to have.
    if (spec.shape.length > 0 || value === null || typeof value === "object") {
      return problems.wrongField(label, value, `nested arrays of shape [${spec.shape.join(",")}]`);
    }
    cursor.at = start.at;
  }
  const gathering = gatherAny(spec, label, "");
  const mistake = readNested(cursor, gathering, 0);
  if (mistake === undefined) return finish(gathering);
  return wrongShape(spec, shapeOf(start)) ?? mistake;
}

/** The tensor whose elements are all read; a problem when its shape is none that the model takes. */
export function finish(gathering: Gathering): Tensor | Problem {
  const { spec, shape } = gathering;
  const mistake = wrongShape(spec, shape);
  return mistake ?? { name: spec.name, datatype: spec.datatype, shape, data: gathered(gathering) };
}

/**
 * Why the model does not take a shape. A shape that is wrong altogether says more than the first element that does not
 * fit into it.
 */
export function wrongShape(spec: TensorSpec, sizes: readonly number[] | Problem): Problem | undefined {
  if (isProblem(sizes)) return sizes;
  const shape = readShape(spec.name, sizes);
  return isProblem(shape) ? shape : checkShape(spec, shape);
}

/**
 * The shape that nested arrays have along their first elements, for a message; whether the rest agrees is not asked. A
 * value that is no array is a scalar.
 */
export function shapeOf(cursor: Cursor): number[] | Problem {
  if (peek(cursor) !== openBracket) return [];
  const mistake = open(cursor);
  if (mistake !== undefined) return mistake;
  const more = nextElement(cursor, true);
  if (isProblem(more)) return more;
  if (!more) return [0];
  const isArray = peek(cursor) === openBracket;
  const inside = isArray ? shapeOf(cursor) : [];
  if (isProblem(inside)) return inside;
  const count = isArray ? skipElements(cursor, 1) : skipElements(cursor, 0);
  return isProblem(count) ? count : [count, ...inside];
}
