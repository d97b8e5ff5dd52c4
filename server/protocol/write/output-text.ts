import type { Tensor, TensorData } from "../../tensor.ts";
import { nestedText, numbersAtOnce, numberTexts, type Pieces, placeText } from "./tensor-text.ts";

/**
 * Outputs as V1 and /predict write them:
 *
 * | the model gives | JSON |
 * |---|---|
 * | a tensor | nested arrays |
 * | a tensor with labels (a ZipMap's maps) | a list of objects from label to value, one for each row |
 * | a sequence of tensors | a list of nested arrays, which may differ in shape |
 */

/** One output as a whole, or an object from output name to output. */
export function* columnsText(outputs: readonly Tensor[]): Pieces {
  const [only, ...others] = outputs;
  if (only !== undefined && others.length === 0) return yield* wholeText(only);
  yield "{";
  for (const [index, tensor] of outputs.entries()) {
    yield `${index === 0 ? "" : ","}${JSON.stringify(tensor.name)}:`;
    yield* wholeText(tensor);
  }
  yield "}";
}

/** Whether an output has so many rows: a tensor along its first dimension, a sequence in each of its tensors. */
export function hasRows({ shape, elements }: Tensor, rows: number): boolean {
  return elements === undefined ? shape[0] === rows : elements.every((element) => element[0] === rows);
}

/** A list with an element for each row, which all outputs have: that of the single output, or an object by output name. */
export function* rowsText(outputs: readonly Tensor[], rows: number): Pieces {
  const [only, ...others] = outputs;
  const isOnly = only !== undefined && others.length === 0;
  if (isOnly && only.elements === undefined) return yield* wholeText(only);
  const columns = outputs.map((tensor, index) => ({
    key: isOnly ? "" : `${index === 0 ? "" : ","}${JSON.stringify(tensor.name)}:`,
    textOf: rowWriter(tensor, rows),
  }));
  yield "[";
  for (let row = 0; row < rows; row++) {
    if (row > 0) yield ",";
    if (!isOnly) yield "{";
    for (const { key, textOf } of columns) {
      yield key;
      yield* textOf(row);
    }
    if (!isOnly) yield "}";
  }
  yield "]";
}

function wholeText(tensor: Tensor): Pieces {
  const { labels, elements, shape } = tensor;
  if (elements !== undefined) return listText(tensorsOf(tensor, elements), nestedText);
  if (labels === undefined) return nestedText(tensor);
  const textOf = labelledRow(tensor, labels);
  return listText(Array.from({ length: shape[0] ?? 0 }).keys(), textOf);
}

function rowWriter(tensor: Tensor, rows: number): (row: number) => Pieces {
  const { labels, elements } = tensor;
  if (elements !== undefined) {
    const tensors = tensorsOf(tensor, elements);
    return (row) => listText(tensors, (element) => rowText(element, rows, row));
  }
  return labels === undefined ? (row) => rowText(tensor, rows, row) : labelledRow(tensor, labels);
}

function rowText(tensor: Tensor, rows: number, row: number): Pieces {
  const size = tensor.data.length / rows;
  return placeText(tensor, row * size, (row + 1) * size);
}

function* listText<Item>(items: Iterable<Item>, textOf: (item: Item) => Pieces): Pieces {
  yield "[";
  let isFirst = true;
  for (const item of items) {
    if (!isFirst) yield ",";
    isFirst = false;
    yield* textOf(item);
  }
  yield "]";
}

/** Keys are written once for all rows. A label that stands twice stands twice in the object, as the model has it. */
function labelledRow(tensor: Tensor, labels: readonly string[]): (row: number) => Pieces {
  const keys = labels.map((label, index) => `${index === 0 ? "{" : ","}${JSON.stringify(label)}:`);
  return function* labelled(row) {
    const start = row * labels.length;
    for (let from = 0; from < labels.length; from += numbersAtOnce) {
      const to = Math.min(from + numbersAtOnce, labels.length);
      const values = numberTexts(tensor, start + from, start + to);
      let text = "";
      for (const [index, value] of values.entries()) text += `${keys[from + index]}${value}`;
      yield text;
    }
    yield "}";
  };
}

/** The tensors of a sequence, on its elements. */
function tensorsOf({ name, datatype, data }: Tensor, shapes: readonly (readonly number[])[]): readonly Tensor[] {
  let at = 0;
  return shapes.map((shape) => {
    const start = at;
    at += shape.reduce((size, next) => size * next, 1);
    const part = Array.isArray(data) ? data.slice(start, at) : (data.subarray(start, at) as TensorData);
    return { name, datatype, shape, data: part };
  });
}
