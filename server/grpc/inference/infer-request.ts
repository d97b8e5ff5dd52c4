import type { Bytes } from "../wire/reader.ts";
import { isProblem, type Problem } from "../../errors.ts";
import { tensorProblems } from "../../tensor-problems.ts";
import type { InferenceRequest } from "../../protocol/request.ts";
import { checkShape, elementCount, readShape, type Signature, type Tensor, type TensorSpec } from "../../tensor.ts";
import { grpcProblems } from "../grpc-problems.ts";
import type { InferInputMessage, InferOutputMessage, InferRequestMessage } from "./infer-request-message.ts";
import { checkParameters, parameterRules } from "./parameters.ts";
import { readRawTensor } from "./raw-tensor.ts";
import { readTypedContents } from "./typed-contents.ts";

/**
 * What a ModelInferRequest asks for, checked as the JSON way checks it: every input of the model, in the model's order,
 * with the datatype and a shape that it takes; outputs that it has. `raw_input_contents` holds the values of all inputs
 * or of none.
 */
export function checkInferRequest(request: InferRequestMessage, signature: Signature): InferenceRequest | Problem {
  const mistake = checkParameters(request.parameters, parameterRules.request, "the request");
  if (mistake !== undefined) return mistake;
  const inputs = readInputs(request, signature);
  if (isProblem(inputs)) return inputs;
  const outputs = readOutputs(request.outputs, signature);
  if (isProblem(outputs)) return outputs;
  return { inputs, outputs };
}

function readInputs(request: InferRequestMessage, signature: Signature): readonly Tensor[] | Problem {
  const specs = signature.inputs;
  const isRaw = request.raw.length > 0;
  if (isRaw && request.raw.length !== request.inputs.length) {
    return grpcProblems.rawCount(request.raw.length, request.inputs.length);
  }
  const found = new Map<string, Tensor>();
  for (const [index, input] of request.inputs.entries()) {
    const spec = specs.find((one) => one.name === input.name);
    if (spec === undefined) return tensorProblems.unknownInput(input.name, namesOf(specs));
    if (found.has(input.name)) return tensorProblems.duplicateInput(input.name);
    const tensor = readTensor(input, spec, isRaw ? request.raw[index] : undefined);
    if (isProblem(tensor)) return tensor;
    found.set(input.name, tensor);
  }
  const tensors: Tensor[] = [];
  for (const spec of specs) {
    const tensor = found.get(spec.name);
    if (tensor !== undefined) tensors.push(tensor);
    else if (spec.isOptional !== true) return tensorProblems.missingInput(spec.name, namesOf(specs));
  }
  return tensors;
}

/** `raw` is undefined when the request has typed contents. */
function readTensor(input: InferInputMessage, spec: TensorSpec, raw: Bytes | undefined): Tensor | Problem {
  const { name, datatype } = spec;
  if (input.datatype !== datatype) return tensorProblems.wrongDatatype(name, input.datatype, datatype);
  const mistake = checkParameters(input.parameters, parameterRules.input, `input ${JSON.stringify(name)}`);
  if (mistake !== undefined) return mistake;
  const shape = readShape(name, input.shape);
  if (isProblem(shape)) return shape;
  const misfit = checkShape(spec, shape);
  if (misfit !== undefined) return misfit;
  // readShape has refused what cannot be multiplied.
  const count = elementCount(shape) ?? 0;
  if (raw !== undefined && input.contents.length > 0) {
    return grpcProblems.wrongContents(name, "contents", datatype, "raw_input_contents alone, once one input has them");
  }
  const data =
    raw === undefined ? readTypedContents(spec, shape, count, input.contents) : readRawTensor(spec, shape, count, raw);
  return isProblem(data) ? data : { name, datatype, shape, data };
}

function readOutputs(
  outputs: readonly InferOutputMessage[],
  signature: Signature,
): readonly string[] | undefined | Problem {
  if (outputs.length === 0) return undefined;
  const names = new Set<string>();
  for (const { name, parameters } of outputs) {
    if (!signature.outputs.some((output) => output.name === name)) {
      return tensorProblems.unknownOutput(name, namesOf(signature.outputs));
    }
    if (names.has(name)) return tensorProblems.duplicateOutput(name);
    const mistake = checkParameters(parameters, parameterRules.output, `output ${JSON.stringify(name)}`);
    if (mistake !== undefined) return mistake;
    names.add(name);
  }
  return [...names];
}

function namesOf(specs: readonly TensorSpec[]): string[] {
  return specs.map(({ name }) => name);
}
