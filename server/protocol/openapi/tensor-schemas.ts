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

/**
 * What stands for a tensor in `/predict` and V1, `without` the first dimensions: nested arrays; for one with labels the last
 * ones are objects; for a sequence it is a list of its tensors, and it is those that lack dimensions.
 */
function nestedSchema(spec: TensorSpec, without = 0): Schema {
  const { name, datatype, shape, labels, isSequence } = spec;
  if (isSequence === true) {
    const each = { name, datatype, shape: shape.slice(1) };
    const description = `${JSON.stringify(name)}: a list of tensors, ${datatype} ${shapeText(each.shape)} each.`;
    return { type: "array", items: nestedSchema(each, without), description };
  }
  if (shape.length === 0) return { description: `${JSON.stringify(name)}: ${datatype}, nested as its shape is.` };
  const description = `${JSON.stringify(name)}: ${datatype} ${shapeText(shape.slice(without))}.`;
  const element = elementSchemas[datatype];
  if (labels !== undefined) {
    const row = { type: "object", ...labelled(labels), additionalProperties: element };
    return { ...(without > 0 ? row : { type: "array", items: row }), description };
  }
  let schema = element;
  for (const size of shape.slice(without).toReversed()) {
    schema = { type: "array", items: schema, ...(size === -1 ? {} : { minItems: size, maxItems: size }) };
  }
  return { ...schema, description };
}

/** The labels by name, where they are few enough to be read. */
function labelled(labels: readonly string[]): Schema {
  return labels.length > exampleElements ? {} : { propertyNames: { enum: [...new Set(labels)] } };
}

/** The nested array of a model's only tensor, or an object by name, as `/predict` and V1 have it. */
export function columnsSchema(specs: readonly TensorSpec[], without = 0): Schema {
  const [only, ...others] = specs;
  if (only !== undefined && others.length === 0) return nestedSchema(only, without);
  return {
    type: "object",
    required: specs.filter(({ isOptional }) => isOptional !== true).map(({ name }) => name),
    properties: Object.fromEntries(specs.map((spec) => [spec.name, nestedSchema(spec, without)])),
  };
}

/** Zeros of a shape that the model runs with. */
export interface Example {
  readonly spec: TensorSpec;
  readonly shape: readonly number[];
  readonly count: number;
}

/** Of what must be sent; undefined where they are too many to be read. */
export function examplesOf(
  inputs: readonly TensorSpec[],
  sampleShapes: ReadonlyMap<string, readonly number[]>,
): readonly Example[] | undefined {
  const examples = inputs
    .filter(({ isOptional }) => isOptional !== true)
    .map((spec) => {
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

/** As {@link columnsSchema}, which has the form of all `inputs`, whether there is an example of each or not. */
export function columnsExample(examples: readonly Example[], inputs: readonly TensorSpec[]): unknown {
  const [first] = examples;
  if (first !== undefined && inputs.length === 1) return nestedExample(first);
  return Object.fromEntries(examples.map((example) => [example.spec.name, nestedExample(example)]));
}

function shapeText(shape: readonly number[]): string {
  if (shape.length === 0) return "of no stated shape";
  return shape.includes(-1) ? `[${shape.join(",")}], where -1 stands for any size` : `[${shape.join(",")}]`;
}
