import { isProblem, type Problem, problems } from "../errors.ts";
import { checkShape, readShape, type Signature, type Tensor, type TensorSpec } from "../tensor.ts";
import { nestedJson, readElements, shapeOf } from "./elements.ts";
import { field, isObject } from "./json.ts";

/**
 * Whole tensors without a stated shape: the nested array itself when the model has one input, or an object from input
 * name to nested array. The shape is the nesting's. `label` names the field in messages.
 */
export function readColumns(value: unknown, signature: Signature, label: string): readonly Tensor[] | Problem {
  const names = signature.inputs.map(({ name }) => name);
  const [only, ...others] = signature.inputs;
  if (only !== undefined && others.length === 0 && !isObject(value)) {
    const tensor = readColumn(value, only, label);
    return isProblem(tensor) ? tensor : [tensor];
  }
  if (!isObject(value)) {
    return problems.wrongField(label, value, `an object with ${names.map((name) => JSON.stringify(name)).join(", ")}`);
  }
  for (const name of Object.keys(value)) {
    if (!names.includes(name)) return problems.unknownInput(name, names);
  }
  const tensors: Tensor[] = [];
  for (const spec of signature.inputs) {
    if (!Object.hasOwn(value, spec.name)) return problems.missingInput(spec.name, names);
    const tensor = readColumn(field(value, spec.name), spec, `${label}[${JSON.stringify(spec.name)}]`);
    if (isProblem(tensor)) return tensor;
    tensors.push(tensor);
  }
  return tensors;
}

/** The bare nested array of a single output, or an object from output name to nested array. */
export function columnsJson(outputs: readonly Tensor[]): string {
  const [only, ...others] = outputs;
  if (only !== undefined && others.length === 0) return nestedJson(only);
  return `{${outputs.map((tensor) => `${JSON.stringify(tensor.name)}:${nestedJson(tensor)}`).join(",")}}`;
}

/** Reads one nested array as the tensor that `spec` describes. */
export function readColumn(value: unknown, spec: TensorSpec, label: string): Tensor | Problem {
  const shape = readShape(spec.name, shapeOf(value));
  if (isProblem(shape)) return shape;
  // A value of the wrong kind says more about the mistake than the shape that it happens to have.
  if (shape.length === 0 && (spec.shape.length > 0 || isObject(value) || value === null)) {
    return problems.wrongField(label, value, `nested arrays of shape [${spec.shape.join(",")}]`);
  }
  const mistake = checkShape(spec, shape);
  if (mistake !== undefined) return mistake;
  const data = readElements(spec, shape, value, label);
  return isProblem(data) ? data : { name: spec.name, datatype: spec.datatype, shape, data };
}
