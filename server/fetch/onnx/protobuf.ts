import { failure } from "../failure.ts";

/** A file that is read in pieces. `read` gives exactly `length` bytes; it is never asked for bytes past `size`. */
export interface ByteSource {
  readonly size: number;
  read(offset: number, length: number): Uint8Array;
}

/** One field of a message, in the file: its payload is `start` to `end`, except for a varint, which is `value`. */
export interface Field {
  readonly number: number;
  readonly wireType: number;
  readonly value: number;
  readonly start: number;
  readonly end: number;
}

/** Bounds shared by everything that is read of one file. */
export interface Budget {
  fields: number;
}

export const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** protobuf's encoding document: a 64-bit varint has at most ten bytes, a field's number 29 bits. */
const longestVarint = 10;
/** This many bytes of a varint fit a double without loss. */
const exactVarint = 7;
const highestFieldNumber = 2 ** 29 - 1;

/**
 * The fields of the message that lies from `start` to `end`, in the order of the file. Payloads are stepped over, not
 * read. Fails with `TruncatedModel` when the file ends inside a field, and with `NotAModel` when the bytes are no
 * protobuf message, or when the budget is spent.
 */
export function* fields(
  source: ByteSource,
  start: number,
  end: number,
  budget: Budget,
): Generator<Field, void, undefined> {
  let position = start;
  // A varint as the signed 64-bit integer that ONNX declares them all to be.
  const varint = (): number => {
    const available = Math.min(longestVarint, end - position);
    const bytes = source.read(position, available);
    let value = 0;
    for (let index = 0; index < available; index += 1) {
      const byte = bytes[index] ?? 0;
      value += (byte & 0x7f) * 2 ** (7 * index);
      if (byte < 0x80) {
        position += index + 1;
        return index < exactVarint ? value : signed(bytes.subarray(0, index + 1));
      }
    }
    throw available < longestVarint ? cutAt(source, end) : damagedAt(position);
  };
  while (position < end) {
    budget.fields -= 1;
    if (budget.fields < 0)
      throw failure("TooLarge", "The model's graph has more parts than any known model; it is not read on.");
    const at = position;
    const key = varint();
    const number = Math.floor(key / 8);
    const wireType = key & 7;
    if (number < 1 || number > highestFieldNumber) throw damagedAt(at);
    let value = 0;
    let length = 0;
    if (wireType === wire.varint) value = varint();
    else if (wireType === wire.fixed64) length = 8;
    else if (wireType === wire.fixed32) length = 4;
    else if (wireType === wire.bytes) length = varint();
    else throw damagedAt(at);
    if (length < 0) throw damagedAt(at);
    if (length > end - position) throw cutAt(source, end);
    yield { number, wireType, value, start: position, end: position + length };
    position += length;
  }
}

function signed(varint: Uint8Array): number {
  const value = varint.reduceRight((high, byte) => (high << 7n) | BigInt(byte & 0x7f), 0n);
  return Number(BigInt.asIntN(64, value));
}

/** A field that ends after its message: of the whole file, it was cut; inside another field, it is damaged. */
function cutAt(source: ByteSource, end: number): Error {
  if (end < source.size) return damagedAt(end);
  return failure(
    "TruncatedModel",
    `The model file ends in the middle of a field, after ${source.size} bytes: it was cut. Export or upload it again.`,
  );
}

export function damagedAt(offset: number): Error {
  return failure(
    "NotAModel",
    `The model file is no valid ONNX model: its bytes are damaged at offset ${offset}. Export it again.`,
  );
}
