import { isProblem } from "../../errors.ts";
import { tensorAlignment } from "../../protocol/read/aligned-numbers.ts";
import { codecs, elementCount, readShape, type Signature } from "../../tensor.ts";
import type { Bytes } from "../wire/reader.ts";
import type { InferInputMessage, InferRequestMessage } from "./infer-request-message.ts";

/** A string and its place in an array, which is copied into a larger one as it grows. */
const stringBytes = 48;
/** Of a character that is one byte in UTF-8, at the most. */
const characterBytes = 2;
/** Of an empty string: its tag and its length, or its length alone in raw form. */
const emptyTypedBytes = 2;
const emptyRawBytes = 4;

/**
 * Bytes that the tensors of a request become at the most, beside the message that they lie in. A typed integer of one byte
 * takes up to eight in a tensor, so what a request will hold must be known before it is decoded. What will be refused
 * anyway, as it is not what the model takes, may count for less.
 */
export function decodedBytes({ inputs, raw }: InferRequestMessage, signature: Signature): number {
  const bytesOf = (input: InferInputMessage, index: number): number => {
    const spec = signature.inputs.find(({ name }) => name === input.name);
    if (spec === undefined) return 0;
    const { elementBytes } = codecs[spec.datatype];
    const tensor = raw[index];
    // Whatever its shape says; small requests are mostly of these.
    if (tensor !== undefined && elementBytes > 0) return isInPlace(tensor) ? 0 : tensor.length;
    const shape = readShape(input.name, input.shape);
    if (isProblem(shape)) return 0;
    const count = elementCount(shape) ?? 0;
    if (tensor !== undefined) return stringsBytes(count, [tensor], emptyRawBytes);
    if (elementBytes === 0) return stringsBytes(count, input.contents, emptyTypedBytes);
    return elementBytes * Math.min(count, lengthOf(input.contents));
  };
  return inputs.reduce((total, input, index) => total + bytesOf(input, index), 0);
}

/**
 * No more of them are read than were sent. One character beyond Latin-1 makes all of its string take two bytes each, also
 * those that are one byte in UTF-8.
 */
function stringsBytes(count: number, parts: readonly Bytes[], emptyBytes: number): number {
  const sent = lengthOf(parts);
  return characterBytes * sent + stringBytes * Math.min(count, sent / emptyBytes);
}

function lengthOf(parts: readonly Bytes[]): number {
  return parts.reduce((total, { length }) => total + length, 0);
}

function isInPlace({ byteOffset }: Bytes): boolean {
  return byteOffset % tensorAlignment === 0;
}
