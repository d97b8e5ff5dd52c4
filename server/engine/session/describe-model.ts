import type { ServingGraph } from "../graph/serving-graph.ts";
import { elementTypes } from "../../fetch/onnx/element-types.ts";
import type { TensorInfo } from "../../fetch/onnx/value-info.ts";
import type { TensorSpec } from "../../tensor.ts";
import { datatypeOf } from "./ort-tensor.ts";
import type { EngineFailure, LoadedModel } from "../run.ts";

/** What ONNX Runtime's binding for Node tells of an input or output. */
export interface NativeValue {
  readonly name: string;
  readonly isTensor: boolean;
  /** ONNX's TensorProto.DataType. */
  readonly type?: number;
  /** -1: any size. */
  readonly shape?: readonly number[];
  /** "" where the model gives no name. */
  readonly symbolicDimensions?: readonly string[];
}

export interface NativeMetadata {
  readonly inputMetadata: readonly NativeValue[];
  readonly outputMetadata: readonly NativeValue[];
}

export type Described = Omit<LoadedModel, "ok" | "provider" | "refusedProviders">;

/**
 * Inputs and outputs in our terms. Outputs that are no tensors of a type that can be sent are left out, and so are inputs
 * that nobody has to send.
 */
export function describeModel(native: NativeMetadata, graph: ServingGraph): Described | EngineFailure {
  const inputs: TensorSpec[] = [];
  for (const value of native.inputMetadata) {
    const isOptional = graph.optionals.has(value.name);
    const spec = isOptional ? describeOptional(value.name, graph) : describeTensor(value);
    if (spec !== undefined) inputs.push(graph.defaults.has(value.name) ? { ...spec, isOptional: true } : spec);
    else if (!isOptional) return unservedInput(value);
  }
  const outputs = outputsOf(native, graph);
  const served = outputs.flatMap(({ spec }) => spec ?? []);
  if (served.length === 0) {
    const message =
      "No output of the model is a tensor of a type that can be sent. Export the model with tensor outputs.";
    return { reason: "LoadFailed", message };
  }
  return {
    signature: { inputs, outputs: served },
    skippedOutputs: outputs.flatMap(({ name, spec }) => (spec === undefined ? [name] : [])),
  };
}

function outputsOf(
  { outputMetadata }: NativeMetadata,
  { labels, sequences }: ServingGraph,
): readonly { readonly name: string; readonly spec: TensorSpec | undefined }[] {
  const parts = new Set([...sequences.values()].flatMap(({ sizes, ranks }) => [sizes, ranks]));
  const byData = new Map([...sequences].map(([name, { data, dims }]) => [data, { name, dims }]));
  return outputMetadata
    .filter(({ name }) => !parts.has(name))
    .map((value) => {
      const sequence = byData.get(value.name);
      const spec = describeTensor(value);
      if (sequence !== undefined) {
        return { name: sequence.name, spec: spec && describeSequence(sequence.name, spec, sequence.dims) };
      }
      const classes = labels.get(value.name);
      return {
        name: value.name,
        spec: spec && classes ? { ...spec, shape: [-1, classes.length], labels: classes } : spec,
      };
    });
}

function describeTensor({
  name,
  isTensor,
  type,
  shape = [],
  symbolicDimensions = [],
}: NativeValue): TensorSpec | undefined {
  const datatype = isTensor && type !== undefined ? datatypeOf(type) : undefined;
  if (datatype === undefined) return undefined;
  const dimensionNames = symbolicDimensions.map((symbol) => (madeUpSymbol.test(symbol) ? "" : symbol));
  const spec: TensorSpec = { name, datatype, shape };
  return dimensionNames.some((symbol) => symbol !== "") ? { ...spec, dimensionNames } : spec;
}

/** As ONNX Runtime calls sizes that it knows nothing of. */
const madeUpSymbol = /^unk__\d+$/;

function describeSequence(name: string, { datatype }: TensorSpec, dims: TensorInfo["dims"]): TensorSpec {
  return { name, datatype, shape: dims === null ? [] : [-1, ...sizesOf(dims)], isSequence: true };
}

/** Undefined: what it may hold cannot be sent, so it is left out of every run. */
function describeOptional(name: string, { optionals }: ServingGraph): TensorSpec | undefined {
  const held = optionals.get(name);
  const code = Object.entries(elementTypes).find(([, type]) => type === held?.type)?.[0];
  const datatype = code === undefined ? undefined : datatypeOf(Number(code));
  if (held === undefined || datatype === undefined) return undefined;
  const dims = held.dims ?? [];
  const dimensionNames = dims.map((size) => (typeof size === "string" ? size : ""));
  const spec: TensorSpec = { name, datatype, shape: sizesOf(dims), isOptional: true };
  return dimensionNames.some((symbol) => symbol !== "") ? { ...spec, dimensionNames } : spec;
}

function sizesOf(dims: readonly (number | string | null)[]): number[] {
  return dims.map((size) => (typeof size === "number" ? size : -1));
}

function unservedInput({ name, isTensor, type }: NativeValue): EngineFailure {
  const found =
    isTensor && type !== undefined ? `: ${(elementTypes[type] ?? `element type ${type}`).toLowerCase()}` : "";
  const message = `Input ${JSON.stringify(name)} of the model is no tensor of a type that can be sent${found}. Export the model with tensor inputs of another type.`;
  return { reason: "LoadFailed", message };
}
