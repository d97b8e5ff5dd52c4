import type { Signature, TensorSpec } from "../../tensor.ts";
import { componentNames } from "./component-names.ts";
import type { Schema } from "./element-schema.ts";
import { columnsExample, columnsSchema, type Example, flatExample, tensorSchema } from "./tensor-schemas.ts";

/** The bodies of predictions, for the model at hand. `examples` are undefined where its tensors are large. */
export function modelSchemas(
  { inputs, outputs }: Signature,
  examples: readonly Example[] | undefined,
): Readonly<Record<string, Schema>> {
  const inputNames = componentNames("InferInput", namesOf(inputs));
  const outputNames = componentNames("InferOutput", namesOf(outputs));
  return {
    InferRequest: {
      title: "InferRequest",
      type: "object",
      required: ["inputs"],
      properties: {
        id: { type: "string", description: "Given back in the answer." },
        inputs: {
          type: "array",
          description: describeInputs(inputs),
          minItems: inputs.filter(({ isOptional }) => isOptional !== true).length,
          maxItems: inputs.length,
          items: oneOf(inputNames, namesOf(inputs)),
        },
        outputs: {
          type: "array",
          description: "Those that are wanted, in this order; all when left out.",
          items: reference("RequestedOutput"),
        },
        parameters: {
          type: "object",
          description: "`binary_data_output`: true has all outputs in binary form.",
        },
      },
      ...(examples === undefined ? {} : { examples: [inferExample(examples)] }),
    },
    RequestedOutput: {
      title: "RequestedOutput",
      type: "object",
      required: ["name"],
      properties: {
        name: { type: "string", enum: namesOf(outputs) },
        parameters: { type: "object", description: "`binary_data`: true has this output in binary form." },
      },
    },
    ...Object.fromEntries(
      inputs.map((spec, index) => entry(inputNames[index], (title) => tensorSchema(spec, title, false))),
    ),
    InferResponse: {
      title: "InferResponse",
      type: "object",
      required: ["model_name", "model_version", "outputs"],
      properties: {
        model_name: { type: "string" },
        model_version: { type: "string" },
        id: { type: "string" },
        outputs: { type: "array", items: oneOf(outputNames, namesOf(outputs)) },
      },
    },
    ...Object.fromEntries(
      outputs.map((spec, index) => entry(outputNames[index], (title) => tensorSchema(spec, title, true))),
    ),
    V1Request: {
      title: "V1Request",
      type: "object",
      description: "Either `instances`, a list of rows, or `inputs`, whole tensors.",
      properties: {
        instances: { type: "array", minItems: 1, items: columnsSchema(inputs, 1) },
        inputs: columnsSchema(inputs),
      },
      ...(examples === undefined ? {} : { examples: [{ inputs: columnsExample(examples, inputs) }] }),
    },
    V1Response: {
      title: "V1Response",
      type: "object",
      description: "`predictions` to `instances`, `outputs` to `inputs`.",
      properties: {
        predictions: { type: "array", items: columnsSchema(outputs, 1) },
        outputs: columnsSchema(outputs),
      },
    },
    PredictRequest: {
      title: "PredictRequest",
      type: "object",
      required: ["input_data"],
      properties: { input_data: columnsSchema(inputs) },
      ...(examples === undefined ? {} : { examples: [{ input_data: columnsExample(examples, inputs) }] }),
    },
    PredictResponse: {
      title: "PredictResponse",
      type: "object",
      required: ["model_name", "model_version", "predictions"],
      properties: {
        model_name: { type: "string" },
        model_version: { type: "string" },
        predictions: columnsSchema(outputs),
      },
    },
  };
}

export function reference(component: string): Schema {
  return { $ref: `#/components/schemas/${component}` };
}

function namesOf(specs: readonly TensorSpec[]): readonly string[] {
  return specs.map(({ name }) => name);
}

function describeInputs(inputs: readonly TensorSpec[]): string {
  const optional = inputs.filter(({ isOptional }) => isOptional === true).map(({ name }) => JSON.stringify(name));
  const once = "Each input of the model once, in any order";
  return optional.length === 0 ? `${once}.` : `${once}; these may be left out: ${optional.join(", ")}.`;
}

/** Told apart by the tensor's name. */
function oneOf(components: readonly string[], names: readonly string[]): Schema {
  const [only, ...others] = components;
  if (only === undefined) return { type: "object" };
  if (others.length === 0) return reference(only);
  const mapping = Object.fromEntries(names.map((name, index) => [name, `#/components/schemas/${components[index]}`]));
  return { oneOf: components.map(reference), discriminator: { propertyName: "name", mapping } };
}

function entry(title = "", schema: (title: string) => Schema): readonly [string, Schema] {
  return [title, schema(title)];
}

function inferExample(examples: readonly Example[]): unknown {
  return {
    inputs: examples.map((example) => ({
      name: example.spec.name,
      datatype: example.spec.datatype,
      shape: example.shape,
      data: flatExample(example),
    })),
  };
}
