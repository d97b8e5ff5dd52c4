import { modelNameBytes } from "../limits.ts";
import { type Budget, type ByteSource, damagedAt, type Field, fields, wire } from "./protobuf.ts";

/** A model file under way. */
export interface Reader {
  readonly source: ByteSource;
  readonly budget: Budget;
}

/** The fields of the message that is a field's payload. */
export function inside({ source, budget }: Reader, at: Field): Generator<Field, void, undefined> {
  return fields(source, at.start, at.end, budget);
}

/** The field itself, if it holds a message, a text or bytes. Fails with `NotAModel` otherwise. */
export function message(field: Field): Field {
  if (field.wireType !== wire.bytes) throw damagedAt(field.start);
  return field;
}

export function integer(field: Field): number {
  if (field.wireType !== wire.varint) throw damagedAt(field.start);
  return field.value;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

export function text({ source }: Reader, field: Field): string {
  const { start, end } = message(field);
  if (end - start > modelNameBytes) throw damagedAt(start);
  try {
    return utf8.decode(source.read(start, end - start));
  } catch {
    throw damagedAt(start);
  }
}
