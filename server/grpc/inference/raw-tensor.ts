import type { Bytes } from "../wire/reader.ts";
import { isUtf8 } from "node:buffer";
import { isProblem, type Problem } from "../../errors.ts";
import { tensorProblems } from "../../tensor-problems.ts";
import { alignedNumbers } from "../../protocol/read/aligned-numbers.ts";
import { codecs, type Datatype, type TensorData, type TensorSpec } from "../../tensor.ts";
import { grpcProblems } from "../grpc-problems.ts";

/** Bytes of one element in raw form; undefined for BYTES, whose elements have lengths of their own. */
export function elementBytes(datatype: Datatype): number | undefined {
  return datatype === "BYTES" ? undefined : codecs[datatype].elementBytes;
}

/**
 * The elements of an entry of `raw_input_contents`: row-major, little-endian, without gaps; BOOL one byte of 0 or 1;
 * BYTES a length of 4 bytes before each element. Whatever bits a float has are passed on, NaN and infinities among
 * them. A view into the message where its place allows it, else a copy. `count` is what `shape` multiplies to.
 */
export function readRawTensor(
  spec: TensorSpec,
  shape: readonly number[],
  count: number,
  raw: Bytes,
): TensorData | Problem {
  if (spec.datatype === "BYTES") return readRawStrings(spec, shape, count, raw);
  const size = codecs[spec.datatype].elementBytes;
  if (raw.length !== count * size) {
    return grpcProblems.wrongByteCount(spec.name, raw.length, spec.datatype, shape, count * size);
  }
  return spec.datatype === "BOOL" ? checkedBools(spec.name, raw) : alignedNumbers(spec.datatype, raw);
}

function checkedBools(input: string, raw: Bytes): TensorData | Problem {
  for (let index = 0; index < raw.length; index++) {
    const value = raw[index] ?? 0;
    if (value > 1) return tensorProblems.wrongElement(input, `raw[${index}]`, value, "bytes of 0 and 1");
  }
  return alignedNumbers("BOOL", raw);
}

/** ONNX Runtime's binding cuts a string at U+0000 and takes only Unicode, so other bytes have no way to a model. */
export function readElementText(input: string, where: string, bytes: Bytes): string | Problem {
  if (!isUtf8(bytes))
    return tensorProblems.wrongElement(input, where, bytes.toString("latin1"), "UTF-8 without U+0000");
  const text = bytes.toString("utf8");
  return text.includes("\0") ? tensorProblems.wrongElement(input, where, text, "UTF-8 without U+0000") : text;
}

function readRawStrings(spec: TensorSpec, shape: readonly number[], count: number, raw: Bytes): string[] | Problem {
  const strings: string[] = [];
  let position = 0;
  while (position < raw.length) {
    // The count is known before the elements are: more of them need no more memory than those that fit.
    if (strings.length === count) {
      const left = raw.length - position;
      return grpcProblems.wrongByteCount(spec.name, raw.length, "BYTES", shape, raw.length - left);
    }
    const left = raw.length - position;
    const size = left >= 4 ? raw.readUInt32LE(position) : Number.POSITIVE_INFINITY;
    if (size > left - 4) return grpcProblems.badRawStrings(spec.name, strings.length, left);
    const text = readElementText(spec.name, `raw[${strings.length}]`, raw.subarray(position + 4, position + 4 + size));
    if (isProblem(text)) return text;
    strings.push(text);
    position += 4 + size;
  }
  return strings.length === count ? strings : tensorProblems.wrongCount(spec.name, strings.length, shape, count);
}
