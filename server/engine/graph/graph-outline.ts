import { modelFields } from "../../fetch/limits.ts";
import type { ByteSource } from "../../fetch/onnx/protobuf.ts";
import { inside, integer, message, type Reader, text } from "../../fetch/onnx/reader.ts";
import { readValueInfo, type TensorInfo } from "../../fetch/onnx/value-info.ts";
import { type PlacedField, placedFields } from "./placed-fields.ts";

/** A named part of the graph, and where its field stands. */
export interface Placed<Part> {
  readonly part: Part;
  readonly field: PlacedField;
}

/** What stands around a model's nodes: numbers are those of onnx.proto3 of ONNX 1.20. */
export interface GraphOutline {
  readonly reader: Reader;
  readonly irVersion: number;
  /** Of the default domain; undefined: it is not imported. */
  readonly opset: number | undefined;
  readonly graph: PlacedField;
  readonly nodes: readonly PlacedField[];
  readonly inputs: readonly Placed<TensorInfo>[];
  readonly outputs: readonly Placed<TensorInfo>[];
  readonly initializers: readonly Placed<string>[];
}

/** Undefined: there is not exactly one graph. Nodes and weights are stepped over. Fails as `readModel` does. */
export function readGraphOutline(source: ByteSource): GraphOutline | undefined {
  const reader: Reader = { source, budget: { fields: modelFields } };
  let irVersion = 0;
  let opset: number | undefined;
  const graphs: PlacedField[] = [];
  for (const field of placedFields(source, 0, source.size, reader.budget)) {
    if (field.number === 1) irVersion = integer(field);
    else if (field.number === 7) graphs.push({ ...message(field), keyAt: field.keyAt });
    else if (field.number === 8) opset = readDefaultOpset(reader, field) ?? opset;
  }
  const [graph, another] = graphs;
  if (graph === undefined || another !== undefined) return undefined;
  const nodes: PlacedField[] = [];
  const inputs: Placed<TensorInfo>[] = [];
  const outputs: Placed<TensorInfo>[] = [];
  const initializers: Placed<string>[] = [];
  for (const field of placedFields(source, graph.start, graph.end, reader.budget)) {
    if (field.number === 1) nodes.push(field);
    else if (field.number === 5) initializers.push({ part: readTensorName(reader, field), field });
    else if (field.number === 11) inputs.push({ part: readValueInfo(reader, message(field)), field });
    else if (field.number === 12) outputs.push({ part: readValueInfo(reader, message(field)), field });
  }
  return { reader, irVersion, opset, graph, nodes, inputs, outputs, initializers };
}

function readDefaultOpset(reader: Reader, at: PlacedField): number | undefined {
  let domain = "";
  let version = 0;
  for (const field of inside(reader, message(at))) {
    if (field.number === 1) domain = text(reader, field);
    else if (field.number === 2) version = integer(field);
  }
  return domain === "" || domain === "ai.onnx" ? version : undefined;
}

function readTensorName(reader: Reader, at: PlacedField): string {
  let name = "";
  for (const field of inside(reader, message(at))) if (field.number === 8) name = text(reader, field);
  return name;
}
