import { type ByteSource, type Budget, type Field, fields } from "../../fetch/onnx/protobuf.ts";

/** A field, and where its key begins. */
export interface PlacedField extends Field {
  readonly keyAt: number;
}

/** The fields of a message: each begins where the one before it ends. */
export function* placedFields(
  source: ByteSource,
  start: number,
  end: number,
  budget: Budget,
): Generator<PlacedField, void, undefined> {
  let keyAt = start;
  for (const field of fields(source, start, end, budget)) {
    yield { ...field, keyAt };
    keyAt = field.end;
  }
}

/** 64-bit integers of a repeated field, packed or not, each with all its digits. */
export function integersOf(source: ByteSource, field: PlacedField): bigint[] {
  const isPacked = field.end > field.start;
  const values = varints(
    source.read(isPacked ? field.start : field.keyAt, field.end - (isPacked ? field.start : field.keyAt)),
  );
  // Unpacked, the key is a varint as well.
  return (isPacked ? values : values.slice(1)).map((value) => BigInt.asIntN(64, value));
}

function varints(bytes: Uint8Array): bigint[] {
  const values: bigint[] = [];
  let value = 0n;
  let shift = 0n;
  for (const byte of bytes) {
    value |= BigInt(byte & 0x7f) << shift;
    shift += 7n;
    if (byte < 0x80) {
      values.push(value);
      value = 0n;
      shift = 0n;
    }
  }
  return values;
}
