import { isUtf8 } from "node:buffer";
import { isProblem, type Problem } from "../../errors.ts";
import { binaryProblems } from "./binary-problems.ts";
import { tensorProblems } from "../../tensor-problems.ts";
import { isText } from "../../json/read-texts.ts";
import { alignedNumbers } from "../read/aligned-numbers.ts";
import { codecs, elementCount, type Tensor, type TensorData, type TensorSpec } from "../../tensor.ts";

/** Bytes before each string: its length, little-endian. */
const lengthBytes = 4;

/**
 * Elements of a tensor in binary form (Triton's binary tensor data extension): row-major, little-endian, without gaps;
 * BOOL one byte of 0 or 1, BYTES four bytes of length and then the string, in UTF-8. Numbers stay where they are when
 * their place allows it, and are copied once when it does not.
 */
export function readBinary(spec: TensorSpec, shape: readonly number[], bytes: Uint8Array): TensorData | Problem {
  const { name, datatype } = spec;
  const count = elementCount(shape);
  if (count === undefined) return tensorProblems.badShape(name, `[${shape.join(",")}] has too many elements`);
  if (datatype === "BYTES") return readStrings(spec, shape, count, bytes);
  const { elementBytes } = codecs[datatype];
  if (bytes.length !== count * elementBytes) {
    const needs = `its shape [${shape.join(",")}] of ${datatype} needs ${count * elementBytes}`;
    return binaryProblems.wrongByteCount(name, bytes.length, needs);
  }
  if (datatype === "BOOL") {
    const wrong = bytes.findIndex((byte) => byte > 1);
    if (wrong !== -1) return tensorProblems.wrongElement(name, `byte ${wrong} of its data`, bytes[wrong], "0 and 1");
  }
  return alignedNumbers(datatype, bytes);
}

/** A tensor in the form that {@link readBinary} reads. Numbers are not copied. */
export function binaryOf({ data }: Tensor): Uint8Array {
  if (!Array.isArray(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  let size = 0;
  for (const text of data) size += lengthBytes + Buffer.byteLength(text);
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  for (const text of data) {
    const length = bytes.write(text, at + lengthBytes);
    bytes.writeUInt32LE(length, at);
    at += lengthBytes + length;
  }
  return bytes;
}

/** Text of bytes that a string tensor can hold. */
export function readText(spec: TensorSpec, place: string, bytes: Uint8Array): string | Problem {
  const text = isUtf8(bytes) ? asBuffer(bytes).toString("utf8") : undefined;
  if (text !== undefined && isText(text)) return text;
  const found = text ?? "bytes that are not UTF-8";
  return tensorProblems.wrongElement(spec.name, place, found, codecs.BYTES.takes);
}

function readStrings(
  spec: TensorSpec,
  shape: readonly number[],
  count: number,
  bytes: Uint8Array,
): TensorData | Problem {
  const texts: string[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  while (at < bytes.length && texts.length < count) {
    const end = at + lengthBytes > bytes.length ? Infinity : at + lengthBytes + view.getUint32(at, true);
    if (end > bytes.length) {
      const detail = `string ${texts.length} goes beyond them; each is ${lengthBytes} bytes of little-endian length and then its UTF-8`;
      return binaryProblems.wrongByteCount(spec.name, bytes.length, detail);
    }
    const text = readText(spec, `string ${texts.length}`, bytes.subarray(at + lengthBytes, end));
    if (isProblem(text)) return text;
    texts.push(text);
    at = end;
  }
  if (at === bytes.length && texts.length === count) return texts;
  const has =
    at === bytes.length ? `they are ${texts.length} strings` : `${bytes.length - at} are left behind ${count} strings`;
  return binaryProblems.wrongByteCount(
    spec.name,
    bytes.length,
    `${has}; its shape [${shape.join(",")}] needs ${count}`,
  );
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
