import { isProblem, type Problem } from "../../errors.ts";
import { tensorProblems } from "../../tensor-problems.ts";
import { codecs, type Datatype, type TensorData, type TensorSpec } from "../../tensor.ts";
import { alignedNumbers } from "../../protocol/read/aligned-numbers.ts";
import { grpcProblems } from "../grpc-problems.ts";
import {
  type Bytes,
  createReader,
  enterMessage,
  fail,
  leaveMessage,
  nextField,
  type Reader,
  readBool,
  readBytes,
  readVarint,
  skipField,
  wireTypes,
} from "../wire/reader.ts";
import { elementBytes, readElementText } from "./raw-tensor.ts";

/** Fields of InferTensorContents, by their numbers. */
const fieldNames: Readonly<Record<number, string>> = {
  1: "bool_contents",
  2: "int_contents",
  3: "int64_contents",
  4: "uint_contents",
  5: "uint64_contents",
  6: "fp32_contents",
  7: "fp64_contents",
  8: "bytes_contents",
};

/** The field that holds the values of a datatype; FP16 has none and can only be sent raw. */
export const contentsFields: Readonly<Record<Exclude<Datatype, "FP16">, number>> = {
  BOOL: 1,
  INT8: 2,
  INT16: 2,
  INT32: 2,
  INT64: 3,
  UINT8: 4,
  UINT16: 4,
  UINT32: 4,
  UINT64: 5,
  FP32: 6,
  FP64: 7,
  BYTES: 8,
};

/**
 * The elements of an InferTensorContents. A first pass counts them, so that nothing is allocated before their number
 * is known to be what `shape` needs; it is `count`.
 */
export function readTypedContents(
  spec: TensorSpec,
  shape: readonly number[],
  count: number,
  contents: readonly Bytes[],
): TensorData | Problem {
  if (spec.datatype === "FP16") {
    return grpcProblems.wrongContents(spec.name, "contents", "FP16", "raw_input_contents, as no field holds FP16");
  }
  const field = contentsFields[spec.datatype];
  let found = 0;
  for (const part of contents) {
    const counted = countElements(spec, part, field);
    if (isProblem(counted)) return counted;
    found += counted;
  }
  if (found !== count) return tensorProblems.wrongCount(spec.name, found, shape, count);
  if (spec.datatype === "BYTES") return readStrings(spec.name, contents);
  if (spec.datatype === "FP32" || spec.datatype === "FP64") return readFloats(spec.datatype, count, contents);
  return readIntegers(spec, count, contents);
}

function countElements(spec: TensorSpec, contents: Bytes, field: number): number | Problem {
  const reader = createReader(contents);
  let count = 0;
  while (nextField(reader)) {
    if (reader.field === field) {
      count += countField(reader, spec.datatype);
      continue;
    }
    const other = fieldNames[reader.field];
    const isEmpty = reader.wireType === wireTypes.lengthDelimited && reader.field !== 8 && isEmptyField(reader);
    if (!isEmpty) {
      if (other !== undefined) {
        return grpcProblems.wrongContents(spec.name, other, spec.datatype, fieldNames[field] ?? "");
      }
      skipField(reader);
    }
  }
  return reader.fault === undefined ? count : grpcProblems.badMessage("inference.InferTensorContents", reader.fault);
}

/** Some writers send a packed field without elements. Goes past it if it is one. */
function isEmptyField(reader: Reader): boolean {
  if (reader.bytes[reader.position] !== 0) return false;
  reader.position += 1;
  return true;
}

function countField(reader: Reader, datatype: Datatype): number {
  if (datatype === "BYTES") {
    const isElement = reader.wireType === wireTypes.lengthDelimited;
    skipField(reader);
    return isElement ? 1 : 0;
  }
  const fixed = fixedSize(datatype);
  if (reader.wireType !== wireTypes.lengthDelimited) {
    const isElement = reader.wireType === elementWireType(fixed);
    skipField(reader);
    return isElement ? 1 : 0;
  }
  const packed = readBytes(reader);
  if (fixed !== undefined) {
    if (packed.length % fixed !== 0) fail(reader, `a packed field of ${packed.length} bytes ends within a number`);
    return packed.length / fixed;
  }
  let count = 0;
  for (let index = 0; index < packed.length; index++) {
    if ((packed[index] ?? 0) < 0x80) count += 1;
  }
  if ((packed.at(-1) ?? 0) >= 0x80) fail(reader, `a packed field of ${packed.length} bytes ends within a number`);
  return count;
}

function fixedSize(datatype: Datatype): number | undefined {
  return datatype === "FP32" || datatype === "FP64" ? elementBytes(datatype) : undefined;
}

function elementWireType(fixed: number | undefined): number {
  if (fixed === undefined) return wireTypes.varint;
  return fixed === 4 ? wireTypes.fixed32 : wireTypes.fixed64;
}

/**
 * In one packed field, which is the rule, numbers stay where they are. Each of those that come one by one is put where it
 * belongs at once: as views that are kept for later they would take twenty times their bytes.
 */
function readFloats(datatype: "FP32" | "FP64", count: number, contents: readonly Bytes[]): TensorData {
  const { elementBytes: size, view } = codecs[datatype];
  let gathered: Uint8Array<ArrayBuffer> | undefined;
  let at = 0;
  for (const part of contents) {
    const reader = createReader(part);
    while (nextField(reader)) {
      const isPacked = reader.wireType === wireTypes.lengthDelimited;
      const start = reader.position;
      if (reader.field !== contentsFields[datatype] || !(isPacked || reader.wireType === elementWireType(size))) {
        skipField(reader);
        continue;
      }
      const packed = isPacked ? readBytes(reader) : undefined;
      if (packed === undefined) skipField(reader);
      if (packed?.length === count * size) return alignedNumbers(datatype, packed);
      gathered ??= new Uint8Array(count * size);
      if (packed === undefined) part.copy(gathered, at, start, reader.position);
      else gathered.set(packed, at);
      at += packed?.length ?? size;
    }
  }
  return view(gathered?.buffer ?? new ArrayBuffer(0));
}

function readStrings(input: string, contents: readonly Bytes[]): string[] | Problem {
  const strings: string[] = [];
  for (const part of contents) {
    const reader = createReader(part);
    while (nextField(reader)) {
      if (reader.field !== contentsFields.BYTES || reader.wireType !== wireTypes.lengthDelimited) {
        skipField(reader);
        continue;
      }
      const text = readElementText(input, `bytes_contents[${strings.length}]`, readBytes(reader));
      if (isProblem(text)) return text;
      strings.push(text);
    }
  }
  return strings;
}

function readIntegers(spec: TensorSpec, count: number, contents: readonly Bytes[]): TensorData | Problem {
  const { datatype } = spec;
  const field = contentsFields[datatype as Exclude<Datatype, "FP16">];
  const data = codecs[datatype].allocate(count) as NumericData;
  const store = storing[datatype] ?? storeUnsigned;
  const target = store === store64 ? new Uint32Array(data.buffer) : data;
  let index = 0;
  for (const part of contents) {
    const reader = createReader(part);
    while (nextField(reader)) {
      const isPacked = reader.wireType === wireTypes.lengthDelimited;
      if (reader.field !== field || (!isPacked && reader.wireType !== wireTypes.varint)) {
        skipField(reader);
        continue;
      }
      const outer = isPacked ? enterMessage(reader) : reader.end;
      const first = index;
      while (isPacked ? reader.position < reader.end : index === first) {
        const wrong = store(reader, target, index);
        if (wrong !== undefined) {
          const where = `${fieldNames[field] ?? ""}[${index}]`;
          return tensorProblems.wrongElement(spec.name, where, wrong, codecs[datatype].takes);
        }
        index += 1;
      }
      if (isPacked) leaveMessage(reader, outer);
    }
    if (reader.fault !== undefined) return grpcProblems.badMessage("inference.InferTensorContents", reader.fault);
  }
  return data;
}

type NumericData = Exclude<TensorData, string[]>;

/** Stores the next value; gives it back when the datatype cannot hold it. */
type Store = (reader: Reader, target: NumericData, index: number) => number | undefined;

const storeUnsigned: Store = (reader, target, index) => {
  const value = readVarint(reader);
  target[index] = value;
  return target[index] === value ? undefined : value;
};

const storeSigned: Store = (reader, target, index) => {
  const value = readVarint(reader) | 0;
  target[index] = value;
  return target[index] === value ? undefined : value;
};

/** `target` holds 64 bits as two halves, the lower one first: no bigint is made of them. */
const store64: Store = (reader, target, index) => {
  target[2 * index] = readVarint(reader);
  target[2 * index + 1] = reader.high;
  return undefined;
};

const storeBool: Store = (reader, target, index) => {
  target[index] = readBool(reader) ? 1 : 0;
  return undefined;
};

const storing: Readonly<Partial<Record<Datatype, Store>>> = {
  BOOL: storeBool,
  INT8: storeSigned,
  INT16: storeSigned,
  INT32: storeSigned,
  INT64: store64,
  UINT64: store64,
};
