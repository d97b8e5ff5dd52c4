import { elementTypes } from "./element-types.ts";
import type { Field } from "./protobuf.ts";
import { inside, integer, message, type Reader, text } from "./reader.ts";

export interface TensorInfo {
  readonly name: string;
  /** ONNX's name of the element type (`FLOAT`); for a value that is no tensor `SEQUENCE`, `MAP` or `OPTIONAL`. */
  readonly type: string;
  /** A number, a symbol, or null for a dimension that is not known; null as a whole when the rank is not known. */
  readonly dims: readonly (number | string | null)[] | null;
  /** What a `SEQUENCE` is of, or what an `OPTIONAL` holds. */
  readonly of?: Omit<TensorInfo, "name" | "of">;
}

/** `ValueInfoProto`: an input or output of a graph. */
export function readValueInfo(reader: Reader, at: Field): TensorInfo {
  let name = "";
  let type: Type = unknown;
  for (const field of inside(reader, at)) {
    if (field.number === 1) name = text(reader, field);
    else if (field.number === 2) type = readType(reader, message(field), true);
  }
  return { name, ...type };
}

type Type = Omit<TensorInfo, "name">;

const unknown: Type = { type: "UNDEFINED", dims: null };

/** `TypeProto`. Types nest without end; `isOutermost`: what is in this one is looked at, and nothing further in. */
function readType(reader: Reader, at: Field, isOutermost: boolean): Type {
  let type = unknown;
  for (const field of inside(reader, at)) {
    // tensor_type, sparse_tensor_type: the same two fields.
    if (field.number === 1 || field.number === 8) type = readTensorType(reader, message(field));
    else if (field.number === 4) type = readHolder("SEQUENCE", reader, message(field), isOutermost);
    else if (field.number === 5) type = { type: "MAP", dims: null };
    else if (field.number === 9) type = readHolder("OPTIONAL", reader, message(field), isOutermost);
  }
  return type;
}

/** `TypeProto.Sequence`, `TypeProto.Optional`: the type of what is in it. */
function readHolder(type: string, reader: Reader, at: Field, isOutermost: boolean): Type {
  if (!isOutermost) return { type, dims: null };
  let of = unknown;
  for (const field of inside(reader, at)) {
    if (field.number === 1) of = readType(reader, message(field), false);
  }
  return { type, dims: null, of };
}

function readTensorType(reader: Reader, at: Field): Omit<TensorInfo, "name"> {
  let type = "UNDEFINED";
  let dims: TensorInfo["dims"] = null;
  for (const field of inside(reader, at)) {
    if (field.number === 1) type = elementTypes[integer(field)] ?? `UNKNOWN_${field.value}`;
    else if (field.number === 2) {
      dims = [...inside(reader, message(field))]
        .filter((dim) => dim.number === 1)
        .map((dim) => readDimension(reader, message(dim)));
    }
  }
  return { type, dims };
}

function readDimension(reader: Reader, at: Field): number | string | null {
  let dimension: number | string | null = null;
  for (const field of inside(reader, at)) {
    if (field.number === 1) dimension = integer(field);
    else if (field.number === 2) dimension = text(reader, field) || null;
  }
  return dimension;
}
