import type { Tensor } from "../../tensor.ts";
import { elementsText } from "./element-text.ts";

/**
 * JSON of tensors in pieces, so that no answer has to be one string: V8 has none beyond 512 MiB, and a slow reader
 * should not make the server hold all of it. A piece is a few hundred kilobytes at most, but for long strings.
 */
export type Pieces = Generator<string, void, undefined>;

/** Numbers of up to 25 characters each. */
const numbersAtOnce = 16 * 1024;
/** Strings have any length. */
const stringsAtOnce = 64;

/** A tensor's elements as one array, in row-major order. */
export function* flatText(tensor: Tensor): Pieces {
  yield "[";
  yield* elements(tensor, 0, tensor.data.length);
  yield "]";
}

/** A tensor as nested arrays; a scalar is the bare value. */
export function nestedText(tensor: Tensor): Pieces {
  return part(tensor, 0, 0, tensor.data.length);
}

/** One place of a tensor's first dimension, whose elements are those from `start` to `end`. */
export function placeText(tensor: Tensor, start: number, end: number): Pieces {
  return part(tensor, 1, start, end);
}

/** The elements from `start` to `end`, nested as the dimensions from `depth` on. */
function* part(tensor: Tensor, depth: number, start: number, end: number): Pieces {
  const { shape } = tensor;
  if (isSmall(tensor, depth)) {
    yield smallText(tensor, depth, start, end);
    return;
  }
  yield "[";
  if (depth === shape.length - 1) {
    yield* elements(tensor, start, end);
  } else {
    const count = shape[depth] ?? 0;
    const size = (end - start) / count;
    for (let i = 0; i < count; i++) {
      if (i > 0) yield ",";
      yield* part(tensor, depth + 1, start + i * size, start + (i + 1) * size);
    }
  }
  yield "]";
}

function smallText(tensor: Tensor, depth: number, start: number, end: number): string {
  const { shape } = tensor;
  if (depth === shape.length) return elementsText(tensor, start, end);
  if (depth === shape.length - 1) return `[${elementsText(tensor, start, end)}]`;
  const count = shape[depth] ?? 0;
  const size = count === 0 ? 0 : (end - start) / count;
  let text = "";
  for (let i = 0; i < count; i++) {
    text += `${i === 0 ? "" : ","}${smallText(tensor, depth + 1, start + i * size, start + (i + 1) * size)}`;
  }
  return `[${text}]`;
}

/** Empty arrays count as well: [1000000,0] has no elements and much text. */
function isSmall(tensor: Tensor, depth: number): boolean {
  let size = 1;
  for (let i = depth; i < tensor.shape.length; i++) size *= Math.max(tensor.shape[i] ?? 0, 1);
  return size <= atOnce(tensor);
}

function* elements(tensor: Tensor, start: number, end: number): Pieces {
  const step = atOnce(tensor);
  for (let from = start; from < end; from += step) {
    const text = elementsText(tensor, from, Math.min(from + step, end));
    yield from === start ? text : `,${text}`;
  }
}

function atOnce({ datatype }: Tensor): number {
  return datatype === "BYTES" ? stringsAtOnce : numbersAtOnce;
}
