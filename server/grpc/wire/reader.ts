import { isUtf8 } from "node:buffer";

/** Of a message. They are never shared with another thread, and numbers may be views of them. */
export type Bytes = Buffer<ArrayBuffer>;

/**
 * Reads the fields of a protobuf message from its bytes ("Encoding", protobuf.dev). A fault is kept, not thrown: from
 * then on there are no more fields and every value is empty, so a decoder runs to its end and asks for the fault once.
 */
export interface Reader {
  readonly bytes: Bytes;
  position: number;
  /** Of the message that is being read, which may lie within another. */
  end: number;
  /** Number of the field that {@link nextField} came to. */
  field: number;
  wireType: number;
  /** Upper 32 bits of the last varint; what {@link readVarint} gave are its lower ones. */
  high: number;
  /** What is wrong with the bytes, for a message. */
  fault: string | undefined;
}

export const wireTypes = { varint: 0, fixed64: 1, lengthDelimited: 2, fixed32: 5 } as const;

/** Field numbers have 29 bits. */
const maximumField = 2 ** 29 - 1;
/** Seven bits each: enough for 64. What a tenth byte has beyond them is dropped, as other readers do. */
const maximumVarintBytes = 10;

export function createReader(bytes: Uint8Array<ArrayBuffer>): Reader {
  const buffer = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { bytes: buffer, position: 0, end: bytes.length, field: 0, wireType: 0, high: 0, fault: undefined };
}

/** Goes on to the next field of the message: its value must be read or skipped before the next call. */
export function nextField(reader: Reader): boolean {
  if (reader.fault !== undefined || reader.position >= reader.end) return false;
  const start = reader.position;
  const tag = readVarint(reader);
  if (isFaulty(reader)) return false;
  reader.field = tag >>> 3;
  reader.wireType = tag & 7;
  if (reader.high !== 0 || reader.field === 0 || reader.field > maximumField) {
    fail(reader, `byte ${start} begins a field whose number is not from 1 to ${maximumField}`);
    return false;
  }
  if (reader.wireType === 3 || reader.wireType === 4) {
    fail(reader, `field ${reader.field} at byte ${start} is a group, which proto3 does not have`);
    return false;
  }
  if (reader.wireType > wireTypes.fixed32) {
    fail(reader, `field ${reader.field} at byte ${start} has the wire type ${reader.wireType}, which does not exist`);
    return false;
  }
  return true;
}

/** Reads past the value of a field that is unknown, or that has another wire type than it should. */
export function skipField(reader: Reader): void {
  switch (reader.wireType) {
    case wireTypes.varint:
      readVarint(reader);
      break;
    case wireTypes.fixed64:
      skipBytes(reader, 8);
      break;
    case wireTypes.fixed32:
      skipBytes(reader, 4);
      break;
    default:
      skipBytes(reader, readLength(reader));
  }
}

/** The lower 32 bits of a varint, unsigned; the upper ones are in `reader.high`. */
export function readVarint(reader: Reader): number {
  const { bytes, end } = reader;
  let position = reader.position;
  let low = 0;
  let high = 0;
  for (let count = 0; count < maximumVarintBytes; count++) {
    if (position >= end) {
      fail(reader, `it ends at byte ${end} within a number`);
      return 0;
    }
    const byte = bytes[position] ?? 0;
    position += 1;
    const bits = byte & 0x7f;
    if (count < 4) low |= bits << (7 * count);
    else if (count === 4) {
      low |= bits << 28;
      high = bits >>> 4;
    } else high |= bits << (7 * count - 32);
    if (byte < 0x80) {
      reader.position = position;
      reader.high = high >>> 0;
      return low >>> 0;
    }
  }
  fail(reader, `the number at byte ${reader.position} has more than ${maximumVarintBytes} bytes`);
  return 0;
}

/** Any value but zero is true. */
export function readBool(reader: Reader): boolean {
  return readVarint(reader) !== 0 || reader.high !== 0;
}

/** An int64: a number where that is exact, a bigint beyond. */
export function readInt64(reader: Reader): number | bigint {
  const low = readVarint(reader);
  const value = (reader.high | 0) * 2 ** 32 + low;
  return Number.isSafeInteger(value) ? value : BigInt.asIntN(64, (BigInt(reader.high) << 32n) | BigInt(low));
}

/** A uint64: a number where that is exact, a bigint beyond. */
export function readUint64(reader: Reader): number | bigint {
  const low = readVarint(reader);
  const value = reader.high * 2 ** 32 + low;
  return Number.isSafeInteger(value) ? value : (BigInt(reader.high) << 32n) | BigInt(low);
}

export function readDouble(reader: Reader): number {
  const start = reader.position;
  return skipBytes(reader, 8) ? reader.bytes.readDoubleLE(start) : 0;
}

/** The bytes themselves, not a copy: valid as long as those of the message are. */
export function readBytes(reader: Reader): Bytes {
  const size = readLength(reader);
  const start = reader.position;
  return skipBytes(reader, size) ? reader.bytes.subarray(start, start + size) : nothing;
}

export function readString(reader: Reader): string {
  const size = readLength(reader);
  const start = reader.position;
  if (!skipBytes(reader, size)) return "";
  return stringAt(reader, start, start + size);
}

/** Begins to read the message that is the field's value. Gives what {@link leaveMessage} has to be told after it. */
export function enterMessage(reader: Reader): number {
  const outer = reader.end;
  const size = readLength(reader);
  if (size > outer - reader.position) skipBytes(reader, size);
  else reader.end = reader.position + size;
  return outer;
}

export function leaveMessage(reader: Reader, outer: number): void {
  reader.position = reader.end;
  reader.end = outer;
}

export function fail(reader: Reader, fault: string): void {
  reader.fault ??= fault;
  reader.position = reader.end;
  reader.high = 0;
}

const nothing = Buffer.alloc(0);

/** Apart from `nextField`, where a narrowed type would hide that reading can set the fault. */
function isFaulty(reader: Reader): boolean {
  return reader.fault !== undefined;
}

function readLength(reader: Reader): number {
  const size = readVarint(reader);
  // No message is that long: it is told by what is left of this one.
  return reader.high === 0 ? size : Number.MAX_SAFE_INTEGER;
}

function skipBytes(reader: Reader, size: number): boolean {
  if (reader.fault !== undefined) return false;
  const left = reader.end - reader.position;
  if (size > left) {
    fail(reader, `field ${reader.field} claims ${size} bytes at byte ${reader.position}, where ${left} are left`);
    return false;
  }
  reader.position += size;
  return true;
}

/** Most strings are short names: a loop finds out sooner than a native call that all of it is ASCII. */
function stringAt(reader: Reader, start: number, end: number): string {
  const { bytes } = reader;
  let position = start;
  while (position < end && (bytes[position] ?? 0) < 0x80) position += 1;
  if (position === end) return bytes.toString("latin1", start, end);
  if (isUtf8(bytes.subarray(position, end))) return bytes.toString("utf8", start, end);
  fail(reader, `field ${reader.field} at byte ${start} is not UTF-8`);
  return "";
}
