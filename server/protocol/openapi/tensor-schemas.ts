import { elementCount, type TensorSpec } from "../../tensor.ts";
import { elementSchemas, type Schema, zeroOf } from "./element-schema.ts";

/** Above this an example would be longer than all the rest. */
const exampleElements = 64;

/** The tensor in the Open Inference Protocol: `data` flat, in row-major order. */
export function tensorSchema({ name, datatype, shape }: TensorSpec, title: string, isOutput: boolean): Schema {
  return {
    title,
    type: "object",
    description: `${isOutput ? "Output" : "Input"} ${JSON.stringify(name)}: ${datatype} ${shapeText(shape)}.`,
    required: isOutput ? ["name", "datatype", "shape"] : ["name", "datatype", "shape", "data"],
    properties: {
      name: { type: "string", const: name },
      datatype: { type: "string", const: datatype },
      shape: {
        type: "array",
        items: { type: "integer", minimum: 0 },
        ...(shape.length === 0 ? {} : { minItems: shape.length, maxItems: shape.length }),
        description: shapeText(shape),
      },
      data: {
        type: "array",
        items: elementSchemas[datatype],
        description: "Row-major.",
      },
      ...(isOutput ? { parameters: { type: "object" } } : {}),
    },
  };
}

/** Nested arrays of a tensor's elements, without the first dimensions. Of a model that says no shape, anything. */
function nestedSchema({ name, datatype, shape }: TensorSpec, without = 0): Schema {
  if (shape.length === 0) return { description: `${JSON.stringify(name)}: ${datatype}, nested as its shape is.` };
  let schema = elementSchemas[datatype];
  for (const size of shape.slice(without).toReversed()) {
    schema = { type: "array", items: schema, ...(size === -1 ? {} : { minItems: size, maxItems: size }) };
  }
  return { ...schema, description: `${JSON.stringify(name)}: ${datatype} ${shapeText(shape.slice(without))}.` };
}

/** The nested array of a model's only tensor, or an object by name, as `/predict` and V1 have it. */
export function columnsSchema(specs: readonly TensorSpec[], without = 0): Schema {
  const [only, ...others] = specs;
  if (only !== undefined && others.length === 0) return nestedSchema(only, without);
  return {
    type: "object",
    required: specs.map(({ name }) => name),
    properties: Object.fromEntries(specs.map((spec) => [spec.name, nestedSchema(spec, without)])),
  };
}

/** Zeros of shapes that the model runs with; undefined where they are too many to be read. */
export interface Example {
  readonly spec: TensorSpec;
  readonly shape: readonly number[];
  readonly count: number;
}

export function examplesOf(
  inputs: readonly TensorSpec[],
  sampleShapes: ReadonlyMap<string, readonly number[]>,
): readonly Example[] | undefined {
  const examples = inputs.map((spec) => {
    const shape = sampleShapes.get(spec.name) ?? [];
    return { spec, shape, count: elementCount(shape) ?? Number.POSITIVE_INFINITY };
  });
  return examples.every(({ count }) => count <= exampleElements) ? examples : undefined;
}

export function flatExample({ spec, count }: Example): unknown {
  return Array.from({ length: count }, () => zeroOf(spec.datatype));
}

function nestedExample({ spec, shape }: Example, depth = 0): unknown {
  if (depth >= shape.length) return zeroOf(spec.datatype);
  return Array.from({ length: shape[depth] ?? 0 }, () => nestedExample({ spec, shape, count: 0 }, depth + 1));
}

/** As {@link columnsSchema}. */
export function columnsExample(examples: readonly Example[], depth = 0): unknown {
  const [only, ...others] = examples;
  if (only !== undefined && others.length === 0) return nestedExample(only, depth);
  return Object.fromEntries(examples.map((example) => [example.spec.name, nestedExample(example, depth)]));
}

function shapeText(shape: readonly number[]): string {
  if (shape.length === 0) return "of no stated shape";
  return shape.includes(-1) ? `[${shape.join(",")}], where -1 stands for any size` : `[${shape.join(",")}]`;
}
