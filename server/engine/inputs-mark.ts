import { createHash } from "node:crypto";
import type { Tensor } from "../tensor.ts";
import type { RunInputs } from "./run.ts";

/** Inputs that are looked at for a mark: the models of tables have a thousand of them. */
const markedInputs = 16;
/** Bytes of each that are looked at. */
const markedBytes = 64;
/** Characters of a string that are looked at. */
const markedCharacters = 32;

/**
 * 32 bits by which inputs are taken for those of another request, wrongly at times: made of their sizes and of a few bytes
 * of them, as it is made for every run. Whoever acts on it compares {@link digestOf} as well. Takes some 0.2 µs for each
 * input, whatever its size.
 */
export function markOf({ inputs }: RunInputs): number {
  let mark = inputs.length;
  for (let index = 0; index < inputs.length && index < markedInputs; index++) {
    const data = inputs[index]?.data;
    if (data === undefined) break;
    mark = mix(mark, data.length);
    mark = Array.isArray(data) ? mixTexts(mark, data) : mixBytes(mark, data);
  }
  return mark >>> 0;
}

/** SHA-256, in hexadecimal, of all that a run is made from: names, datatypes, shapes, elements, and the outputs asked for. */
export function digestOf({ inputs, outputs }: RunInputs): string {
  const hash = createHash("sha256");
  for (const { name, datatype, shape, data } of inputs) {
    const isText = Array.isArray(data);
    // What comes next is as long as it says, so no two inputs are written the same way.
    hash.update(JSON.stringify([name, datatype, shape, isText ? data : data.byteLength]));
    if (!isText) hash.update(bytesOf(data));
  }
  return hash.update(JSON.stringify(outputs)).digest("hex");
}

/** One step of FNV-1a (Fowler, Noll, Vo), on a number in place of a byte. */
function mix(mark: number, value: number): number {
  return Math.imul(mark ^ value, 0x01_00_01_93);
}

function mixBytes(mark: number, data: Exclude<Tensor["data"], string[]>): number {
  const bytes = bytesOf(data);
  // Odd, so that all bytes of an element have their turn.
  const step = Math.floor(bytes.length / markedBytes) | 1;
  let mixed = mark;
  for (let at = 0; at < bytes.length; at += step) mixed = mix(mixed, bytes[at] ?? 0);
  return mixed;
}

function mixTexts(mark: number, texts: readonly string[]): number {
  const step = Math.floor(texts.length / markedBytes) + 1;
  let mixed = mark;
  for (let at = 0; at < texts.length; at += step) {
    const text = texts[at] ?? "";
    mixed = mix(mixed, text.length);
    for (let index = 0; index < text.length && index < markedCharacters; index++) {
      mixed = mix(mixed, text.charCodeAt(index));
    }
  }
  return mixed;
}

function bytesOf(data: Exclude<Tensor["data"], string[]>): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
