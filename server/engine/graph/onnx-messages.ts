import { bytesField, integerField, textField } from "./protobuf-writer.ts";

/** Parts of a GraphProto as fields of it: numbers are those of onnx.proto3 of ONNX 1.20. */

/** TensorProto.DataType. */
export const int64Type = 7;
export const boolType = 9;

export interface NewNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** AttributeProto of each. */
  readonly attributes?: readonly Uint8Array[];
}

/** GraphProto.node, of the default domain. */
export function nodeOf({ operator, inputs, outputs, attributes = [] }: NewNode): Uint8Array {
  return bytesField(
    1,
    ...inputs.map((name) => textField(1, name)),
    ...outputs.map((name) => textField(2, name)),
    textField(4, operator),
    ...attributes.map((attribute) => bytesField(5, attribute)),
  );
}

/** An AttributeProto of type INT. */
export function integerAttribute(name: string, value: number): Uint8Array {
  return Buffer.concat([textField(1, name), integerField(3, value), integerField(20, 2)]);
}

/** An AttributeProto of type GRAPH. */
export function graphAttribute(name: string, parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([textField(1, name), bytesField(6, textField(2, name), ...parts), integerField(20, 5)]);
}

/** GraphProto.output of a value whose type is left to be found out. */
export function nameOnly(name: string): Uint8Array {
  return bytesField(12, textField(1, name));
}

/** GraphProto.input (11) or GraphProto.output (12): a tensor of a type, its shape left open unless it is a scalar. */
export function valueOf(field: 11 | 12, name: string, elementType: number, isScalar = false): Uint8Array {
  const shape = isScalar ? [bytesField(2)] : [];
  return bytesField(field, textField(1, name), bytesField(2, bytesField(1, integerField(1, elementType), ...shape)));
}

/** GraphProto.initializer: one dimension, values as `raw_data`. */
export function listOf(name: string, elementType: number, size: number, raw: Uint8Array): Uint8Array {
  // An empty list of strings may have no raw_data.
  const data = raw.length === 0 ? [] : [bytesField(9, raw)];
  return bytesField(5, integerField(1, size), integerField(2, elementType), textField(8, name), ...data);
}

/** ModelProto.opset_import of the default domain. */
export function defaultOpset(version: number): Uint8Array {
  return bytesField(8, textField(1, ""), integerField(2, version));
}
