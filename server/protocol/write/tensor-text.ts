import { closeBracket, comma, openBracket } from "../../json/byte.ts";
import { createSheet, elementBytes } from "../../json/write/sheet.ts";
import type { Tensor } from "../../tensor.ts";
import { writeElements } from "./write-elements.ts";

/**
 * JSON of tensors in pieces, so that no answer has to be in memory as a whole: a slow reader should not make the server
 * hold all of it. A piece has less than {@link sheetBytes}, but for long strings. What is short is a string, as several
 * of those are joined to one part of the answer, and numbers are bytes.
 */
export type Pieces = Generator<string | Uint8Array, void, undefined>;

const sheetBytes = 128 * 1024;
/** All numbers are written here, and taken out before the next are. */
const sheet = createSheet(sheetBytes);
export const numbersAtOnce = Math.floor(sheetBytes / elementBytes);
/** Strings have any length. */
const stringsAtOnce = 64;
/** From here on bytes are copied and written for less than a string is. */
const shortBytes = 16 * 1024;

/** A tensor's elements as one array, in row-major order. */
export function* flatText(tensor: Tensor): Pieces {
  yield "[";
  yield* elements(tensor, 0, tensor.data.length);
  yield "]";
}

/** The same in one text, if it is short and no strings. */
export function shortFlatText(tensor: Tensor): string | undefined {
  const { length } = tensor.data;
  if (tensor.datatype === "BYTES" || length * elementBytes > shortBytes) return undefined;
  sheet.bytes[0] = openBracket;
  const end = writeElements(sheet, 1, tensor, 0, length);
  sheet.bytes[end] = closeBracket;
  return sheet.bytes.toString("latin1", 0, end + 1);
}

/** A tensor as nested arrays; a scalar is the bare value. */
export function nestedText(tensor: Tensor): Pieces {
  return part(tensor, 0, 0, tensor.data.length);
}

/** One place of a tensor's first dimension, whose elements are those from `start` to `end`. */
export function placeText(tensor: Tensor, start: number, end: number): Pieces {
  return part(tensor, 1, start, end);
}

/** The texts of numbers from `start` to `end`, at most {@link numbersAtOnce}. */
export function numberTexts(tensor: Tensor, start: number, end: number): readonly string[] {
  // No text of a number has a comma.
  return sheet.bytes.toString("latin1", 0, writeElements(sheet, 0, tensor, start, end)).split(",");
}

/** The elements from `start` to `end`, nested as the dimensions from `depth` on. */
function* part(tensor: Tensor, depth: number, start: number, end: number): Pieces {
  const { shape } = tensor;
  const most = mostBytes(shape, depth);
  if (tensor.datatype === "BYTES" && most <= stringsAtOnce * elementBytes) {
    yield JSON.stringify(nested(tensor, depth, start, end));
    return;
  }
  if (tensor.datatype !== "BYTES" && most <= sheetBytes) {
    yield taken(writeNested(tensor, 0, depth, start, end));
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

/** The room that numbers need with their brackets, from the dimension `depth` on. */
function mostBytes(shape: readonly number[], depth: number): number {
  let bytes = elementBytes;
  for (let i = shape.length - 1; i >= depth; i--) bytes = (shape[i] ?? 0) * bytes + 3;
  return bytes;
}

function* elements(tensor: Tensor, start: number, end: number): Pieces {
  const { data } = tensor;
  const step = Array.isArray(data) ? stringsAtOnce : numbersAtOnce;
  for (let from = start; from < end; from += step) {
    if (from > start) yield ",";
    const to = Math.min(from + step, end);
    yield Array.isArray(data)
      ? JSON.stringify(data.slice(from, to)).slice(1, -1)
      : taken(writeElements(sheet, 0, tensor, from, to));
  }
}

/** Writes as {@link part} does, all of it, on the sheet. */
function writeNested(tensor: Tensor, start: number, depth: number, begin: number, end: number): number {
  const { shape } = tensor;
  if (depth === shape.length) return writeElements(sheet, start, tensor, begin, end);
  const { bytes } = sheet;
  let at = start;
  bytes[at++] = openBracket;
  if (depth === shape.length - 1) {
    at = writeElements(sheet, at, tensor, begin, end);
  } else {
    const count = shape[depth] ?? 0;
    const size = count === 0 ? 0 : (end - begin) / count;
    for (let i = 0; i < count; i++) {
      if (i > 0) bytes[at++] = comma;
      at = writeNested(tensor, at, depth + 1, begin + i * size, begin + (i + 1) * size);
    }
  }
  bytes[at++] = closeBracket;
  return at;
}

/** What was written on the sheet. */
function taken(end: number): string | Uint8Array {
  return end <= shortBytes ? sheet.bytes.toString("latin1", 0, end) : Buffer.from(sheet.bytes.subarray(0, end));
}

function nested(tensor: Tensor, depth: number, start: number, end: number): unknown {
  const { shape, data } = tensor;
  if (depth === shape.length) return data[start];
  const count = shape[depth] ?? 0;
  const size = count === 0 ? 0 : (end - start) / count;
  return Array.from({ length: count }, (_, i) => nested(tensor, depth + 1, start + i * size, start + (i + 1) * size));
}
