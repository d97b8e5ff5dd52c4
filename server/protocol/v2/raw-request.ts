import { isProblem, type Problem } from "../../errors.ts";
import { binaryProblems } from "./binary-problems.ts";
import { checkShape, codecs, readShape, type Signature, type Tensor, type TensorSpec } from "../../tensor.ts";
import { readBinary, readText } from "./binary-tensor.ts";
import { onlyInputOf } from "../request.ts";

/**
 * A body that is nothing but the binary data of a model's only input (Triton's "raw binary request"). Its shape is the
 * model's; one dimension may be free, and becomes what the size of the body makes it. For BYTES, whose size says
 * nothing, all dimensions are 1 and the body is the one string, without its length before it.
 */
export function decodeRaw(body: Uint8Array, signature: Signature): Tensor | Problem {
  const spec = onlyInputOf(signature.inputs);
  if (spec === undefined) {
    return binaryProblems.notRaw(
      `the model takes ${signature.inputs.length} inputs, and a body without JSON can hold one`,
    );
  }
  const shape = rawShape(spec, body.length);
  if (isProblem(shape)) return shape;
  const checked = readShape(spec.name, shape);
  if (isProblem(checked)) return checked;
  const mistake = checkShape(spec, shape);
  if (mistake !== undefined) return mistake;
  const data = spec.datatype === "BYTES" ? readOnly(spec, body) : readBinary(spec, shape, body);
  return isProblem(data) ? data : { name: spec.name, datatype: spec.datatype, shape, data };
}

function rawShape({ name, datatype, shape }: TensorSpec, bytes: number): readonly number[] | Problem {
  if (datatype === "BYTES") return shape.map(() => 1);
  const free = shape.filter((size) => size === -1).length;
  if (free > 1)
    return binaryProblems.notRaw(
      `input ${JSON.stringify(name)} has ${free} free dimensions, and the size of the body tells one`,
    );
  let rest = bytes / codecs[datatype].elementBytes;
  for (const size of shape) if (size !== -1) rest /= size;
  // A size that does not come out is for the tensor's own check to tell.
  return shape.map((size) => (size === -1 ? Math.floor(Number.isFinite(rest) ? rest : 0) : size));
}

function readOnly(spec: TensorSpec, body: Uint8Array): string[] | Problem {
  const text = readText(spec, "the body", body);
  return isProblem(text) ? text : [text];
}
