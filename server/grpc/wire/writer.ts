import { wireTypes } from "./reader.ts";

/** Writes a protobuf message. Fields with their default value are the caller's to leave out, as proto3 does. */
export interface Writer {
  bytes: Buffer;
  length: number;
}

/** What most answers without their tensors have. */
const initialBytes = 256;

export function createWriter(sizeHint = initialBytes): Writer {
  return { bytes: Buffer.allocUnsafe(sizeHint), length: 0 };
}

/** What was written, as a view: nothing may be written after this. */
export function written(writer: Writer): Buffer {
  return writer.bytes.subarray(0, writer.length);
}

/** An integer from 0 to 2^53. */
export function writeVarint(writer: Writer, value: number): void {
  reserve(writer, 10);
  const { bytes } = writer;
  let { length } = writer;
  let rest = value;
  while (rest >= 2 ** 32) {
    bytes[length++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  while (rest > 0x7f) {
    bytes[length++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[length++] = rest;
  writer.length = length;
}

/** An int64 or uint64: the two's complement of a negative one, which takes ten bytes. */
export function writeVarint64(writer: Writer, value: bigint): void {
  if (value >= 0n && value <= Number.MAX_SAFE_INTEGER) return writeVarint(writer, Number(value));
  reserve(writer, 10);
  let rest = BigInt.asUintN(64, value);
  while (rest > 0x7fn) {
    writer.bytes[writer.length++] = Number(rest & 0x7fn) | 0x80;
    rest >>= 7n;
  }
  writer.bytes[writer.length++] = Number(rest);
}

/** An int32 or an int64 that a number holds exactly. */
export function writeSigned(writer: Writer, value: number): void {
  if (value >= 0) writeVarint(writer, value);
  else writeVarint64(writer, BigInt(value));
}

export function writeTag(writer: Writer, field: number, wireType: number): void {
  writeVarint(writer, field * 8 + wireType);
}

/** Leaves out zero. */
export function writeIntegerField(writer: Writer, field: number, value: number): void {
  if (value === 0) return;
  writeTag(writer, field, wireTypes.varint);
  writeSigned(writer, value);
}

/** Leaves out false. */
export function writeBoolField(writer: Writer, field: number, value: boolean): void {
  if (value) writeIntegerField(writer, field, 1);
}

/** Leaves out the empty string. */
export function writeStringField(writer: Writer, field: number, value: string): void {
  if (value !== "") writeString(writer, field, value);
}

/** A string of a repeated field or of a oneof, which stands there even when it is empty. */
export function writeString(writer: Writer, field: number, value: string): void {
  const size = Buffer.byteLength(value);
  writeTag(writer, field, wireTypes.lengthDelimited);
  writeVarint(writer, size);
  reserve(writer, size);
  writer.bytes.write(value, writer.length, size, "utf8");
  writer.length += size;
}

export function writeBytes(writer: Writer, field: number, value: Uint8Array): void {
  writeTag(writer, field, wireTypes.lengthDelimited);
  writeVarint(writer, value.length);
  writeRaw(writer, value);
}

/** Bytes that are encoded already. */
export function writeRaw(writer: Writer, value: Uint8Array): void {
  reserve(writer, value.length);
  writer.bytes.set(value, writer.length);
  writer.length += value.length;
}

/** A repeated int64, packed; left out when it is empty. */
export function writePackedIntegers(writer: Writer, field: number, values: readonly number[]): void {
  if (values.length === 0) return;
  const begun = beginMessage(writer, field);
  for (const value of values) writeSigned(writer, value);
  endMessage(writer, begun);
}

/** Begins a message that is a field's value, or a packed field. Gives what {@link endMessage} has to be told. */
export function beginMessage(writer: Writer, field: number): number {
  writeTag(writer, field, wireTypes.lengthDelimited);
  reserve(writer, 1);
  writer.length += 1;
  return writer.length;
}

/** The length was given one byte: what was written moves on when it needs more. */
export function endMessage(writer: Writer, begun: number): void {
  const size = writer.length - begun;
  if (size <= 0x7f) {
    writer.bytes[begun - 1] = size;
    return;
  }
  const more = varintBytes(size) - 1;
  reserve(writer, more);
  writer.bytes.copyWithin(begun + more, begun, writer.length);
  writer.length = begun - 1;
  // Needs no room of its own: more than 127 bytes follow, and they must not be lost by growing here.
  writeVarint(writer, size);
  writer.length += size;
}

/** Bytes that {@link writeVarint} takes for a value below 2^35. */
export function varintBytes(value: number): number {
  let count = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) count += 1;
  return count;
}

/** Makes room. Twice the size each time, so that a long message is copied once in all. */
function reserve(writer: Writer, size: number): void {
  const needed = writer.length + size;
  if (needed <= writer.bytes.length) return;
  const larger = Buffer.allocUnsafe(Math.max(needed, writer.bytes.length * 2));
  larger.set(writer.bytes.subarray(0, writer.length));
  writer.bytes = larger;
}
