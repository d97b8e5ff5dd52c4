import { createWriter, writeSigned, written } from "../../grpc/wire/writer.ts";

/** Fields of Protocol Buffers as bytes, to be put one behind the other. Field numbers are below 2^28. */

export function integerField(field: number, value: number): Uint8Array {
  return Buffer.concat([varint(field * 8), varint(value)]);
}

export function textField(field: number, text: string): Uint8Array {
  return bytesField(field, Buffer.from(text));
}

/** A message, bytes, or a packed list. */
export function bytesField(field: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([fieldHead(field, length), ...parts]);
}

/** What stands before the payload of a {@link bytesField}. */
export function fieldHead(field: number, length: number): Uint8Array {
  return Buffer.concat([varint(field * 8 + 2), varint(length)]);
}

/** A negative number is the 64-bit pattern of its two's complement. */
function varint(value: number): Uint8Array {
  const writer = createWriter(varintBytes);
  writeSigned(writer, value);
  return written(writer);
}

/** At the most. */
const varintBytes = 10;
