import { isProblem, type Problem, problems } from "../errors.ts";
import { checkShape, readShape, type Signature, type Tensor, type TensorSpec } from "../tensor.ts";
import { flatJson, readElements } from "./elements.ts";
import { field, isObject, type JsonObject, parseObject } from "./json.ts";

/** What every protocol's decoder gives: tensors that the model takes, all of them, in the model's order. */
export interface InferenceRequest {
  readonly inputs: readonly Tensor[];
  /** Names of the outputs asked for, in the order asked for; all in the model's order when undefined. */
  readonly outputs: readonly string[] | undefined;
}

export interface V2Request extends InferenceRequest {
  /** Echoed in the answer. */
  readonly id: string | undefined;
}

const expected = 'a JSON object as {"inputs":[{"name","shape","datatype","data"}]}';

/**
 * Body of POST v2/models/M[/versions/V]/infer (Open Inference Protocol, inference_rest.md, "Inference Request JSON
 * Object"). `data` is flat or nested in row-major order. `parameters` are read past: none has a meaning here.
 */
export function decodeV2(body: Uint8Array, signature: Signature): V2Request | Problem {
  const request = parseObject(body, { exactIntegers: hasIntegers64(signature), expected });
  if (isProblem(request)) return request;

  const id = field(request, "id");
  if (id !== undefined && typeof id !== "string") return problems.wrongField("id", id, "a string");
  const inputs = readInputs(field(request, "inputs"), signature);
  if (isProblem(inputs)) return inputs;
  const outputs = readOutputs(field(request, "outputs"), signature);
  if (isProblem(outputs)) return outputs;
  return { id, inputs, outputs };
}

/** Body of the answer ("Inference Response JSON Object"). `data` is flat. */
export function encodeV2(
  model: { readonly name: string; readonly version: string },
  id: string | undefined,
  outputs: readonly Tensor[],
): string {
  const tensors = outputs.map(
    (tensor) =>
      `{"name":${JSON.stringify(tensor.name)},"datatype":"${tensor.datatype}","shape":[${tensor.shape.join(",")}],"data":${flatJson(tensor)}}`,
  );
  const idPart = id === undefined ? "" : `"id":${JSON.stringify(id)},`;
  return `{"model_name":${JSON.stringify(model.name)},"model_version":${JSON.stringify(model.version)},${idPart}"outputs":[${tensors.join(",")}]}`;
}

/** Body of GET v2/models/M ("Model Metadata Response JSON Object"). */
export function modelMetadata(name: string, version: string, signature: Signature): object {
  return {
    name,
    versions: [version],
    platform: "onnx_onnxv1",
    inputs: signature.inputs,
    outputs: signature.outputs,
  };
}

export function hasIntegers64(signature: Signature): boolean {
  return signature.inputs.some(({ datatype }) => datatype === "INT64" || datatype === "UINT64");
}

function readInputs(value: unknown, signature: Signature): readonly Tensor[] | Problem {
  const names = signature.inputs.map(({ name }) => name);
  if (value === undefined) return problems.missingField("inputs", expected);
  if (!Array.isArray(value)) return problems.wrongField("inputs", value, "an array of tensors");
  const tensors = new Map<string, Tensor>();
  for (const [index, item] of (value as unknown[]).entries()) {
    if (!isObject(item))
      return problems.wrongField(`inputs[${index}]`, item, 'an object as {"name","shape","datatype","data"}');
    const name = field(item, "name");
    if (typeof name !== "string") return problems.wrongField(`inputs[${index}].name`, name, "a string");
    const spec = signature.inputs.find((input) => input.name === name);
    if (spec === undefined) return problems.unknownInput(name, names);
    if (tensors.has(name)) return problems.duplicateInput(name);
    const tensor = readTensor(item, spec);
    if (isProblem(tensor)) return tensor;
    tensors.set(name, tensor);
  }
  const inputs: Tensor[] = [];
  for (const name of names) {
    const tensor = tensors.get(name);
    if (tensor === undefined) return problems.missingInput(name, names);
    inputs.push(tensor);
  }
  return inputs;
}

function readTensor(item: JsonObject, spec: TensorSpec): Tensor | Problem {
  const datatype = field(item, "datatype");
  if (datatype !== spec.datatype) return problems.wrongDatatype(spec.name, datatype, spec.datatype);
  const shape = readShape(spec.name, field(item, "shape"));
  if (isProblem(shape)) return shape;
  const mistake = checkShape(spec, shape);
  if (mistake !== undefined) return mistake;

  const values = field(item, "data");
  if (values === undefined) {
    const parameters = field(item, "parameters");
    const isBinary = isObject(parameters) && field(parameters, "binary_data_size") !== undefined;
    return isBinary
      ? problems.binaryUnsupported()
      : problems.missingField(`data of input ${JSON.stringify(spec.name)}`, "an array");
  }
  if (!Array.isArray(values))
    return problems.wrongField(`data of input ${JSON.stringify(spec.name)}`, values, "an array");
  const data = readElements(spec, shape, values, "data");
  return isProblem(data) ? data : { name: spec.name, datatype: spec.datatype, shape, data };
}

function readOutputs(value: unknown, signature: Signature): readonly string[] | undefined | Problem {
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) return problems.wrongField("outputs", value, 'an array as [{"name"}]');
  const names: string[] = [];
  for (const [index, item] of (value as unknown[]).entries()) {
    const name = isObject(item) ? field(item, "name") : undefined;
    if (typeof name !== "string") return problems.wrongField(`outputs[${index}].name`, name, "a string");
    if (!signature.outputs.some((output) => output.name === name)) {
      return problems.unknownOutput(
        name,
        signature.outputs.map((output) => output.name),
      );
    }
    if (names.includes(name)) return problems.duplicateOutput(name);
    names.push(name);
  }
  return names.length === 0 ? undefined : names;
}
