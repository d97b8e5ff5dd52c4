import { isUtf8 } from "node:buffer";
import { integer, message, type Reader } from "../../fetch/onnx/reader.ts";
import { codecs, elementCount, type Tensor, type TensorData } from "../../tensor.ts";
import { datatypeOf } from "../session/ort-tensor.ts";
import { integersOf, type PlacedField, placedFields } from "./placed-fields.ts";

/** Fields of a TensorProto that hold elements (onnx.proto3 of ONNX 1.20). */
const rawData = 9;
const floatData = 4;
const doubleData = 10;
const stringData = 6;
const integerData: readonly number[] = [5, 7, 11];

/**
 * The tensor of a TensorProto, named `name`; undefined when its elements lie in another file, are of a type that cannot
 * be sent, are more than `largestBytes`, or are not as many as its dims say.
 */
export function readTensorProto(
  reader: Reader,
  at: PlacedField,
  name: string,
  largestBytes: number,
): Tensor | undefined {
  if (at.end - at.start > largestBytes) return undefined;
  const shape: number[] = [];
  let code = 0;
  const values: PlacedField[] = [];
  for (const field of placedFields(reader.source, at.start, at.end, reader.budget)) {
    if (field.number === 1) shape.push(...integersOf(reader.source, field).map(Number));
    else if (field.number === 2) code = integer(field);
    else if (field.number === 14 && integer(field) !== 0) return undefined;
    else if ([rawData, floatData, doubleData, stringData, ...integerData].includes(field.number)) values.push(field);
  }
  const datatype = datatypeOf(code);
  const count = shape.every((size) => size >= 0) ? elementCount(shape) : undefined;
  if (datatype === undefined || count === undefined) return undefined;
  const data = datatype === "BYTES" ? readTexts(reader, values) : readNumbers(reader, values, datatype, count);
  return data === undefined || data.length !== count ? undefined : { name, datatype, shape, data };
}

function readTexts({ source }: Reader, values: readonly PlacedField[]): string[] | undefined {
  const texts: string[] = [];
  for (const { number, start, end } of values) {
    const bytes = source.read(start, end - start);
    if (number !== stringData || !isUtf8(bytes)) return undefined;
    texts.push(Buffer.from(bytes).toString("utf8"));
  }
  return texts;
}

function readNumbers(
  { source }: Reader,
  values: readonly PlacedField[],
  datatype: Exclude<Tensor["datatype"], "BYTES">,
  count: number,
): TensorData | undefined {
  const { allocate, view, elementBytes } = codecs[datatype];
  const integers = values.flatMap((field) => (integerData.includes(field.number) ? integersOf(source, field) : []));
  if (integers.length > 0) {
    const data = allocate(count);
    // Half floats are given as their 16 bits.
    if (integers.length === count)
      fill(datatype === "FP16" && !Array.isArray(data) ? new Uint16Array(data.buffer) : data, integers);
    return integers.length === count ? data : undefined;
  }
  // Little-endian, one behind the other, packed or not.
  const bytes = Buffer.concat(values.map(({ start, end }) => source.read(start, end - start)));
  if (bytes.length !== count * elementBytes) return undefined;
  return view(new Uint8Array(bytes).buffer, 0, count);
}

function fill(data: TensorData, integers: readonly bigint[]): void {
  for (const [index, value] of integers.entries()) {
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[index] = value;
    else if (!Array.isArray(data)) data[index] = Number(value);
  }
}

/** Where a TensorProto has `raw_data`; undefined when it has none, or when its elements lie in another file. */
export function rawDataOf(reader: Reader, at: PlacedField): PlacedField | undefined {
  let raw: PlacedField | undefined;
  for (const field of placedFields(reader.source, at.start, at.end, reader.budget)) {
    if (field.number === rawData) raw = { ...message(field), keyAt: field.keyAt };
    else if (field.number === 14 && integer(field) !== 0) return undefined;
  }
  return raw;
}
