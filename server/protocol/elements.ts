import { type Problem, problems, show } from "../errors.ts";
import {
  codecs,
  type Datatype,
  elementCount,
  maximumRank,
  type Numbers,
  type Tensor,
  type TensorData,
  type TensorSpec,
} from "../tensor.ts";

/**
 * The shape that nested arrays have, read along the first elements; whether the rest agrees is for
 * {@link readElements} to say. A value that is no array is a scalar.
 */
export function shapeOf(value: unknown): readonly number[] {
  const shape: number[] = [];
  let level = value;
  while (Array.isArray(level) && shape.length <= maximumRank) {
    shape.push(level.length);
    level = level[0] as unknown;
  }
  return shape;
}

/**
 * Elements of a JSON tensor, flat or nested as its shape is. `shape` must have passed {@link readShape}; `field` names
 * the value in messages. Nothing is allocated before all lengths are known to be right: a small body cannot claim a
 * large tensor.
 */
export function readElements(
  spec: TensorSpec,
  shape: readonly number[],
  value: unknown,
  field: string,
): TensorData | Problem {
  const codec = codecs[spec.datatype];
  const count = elementCount(shape);
  if (count === undefined) return problems.badShape(spec.name, `[${shape.join(",")}] has too many elements`);

  const isNested = !Array.isArray(value) || (shape.length > 1 && Array.isArray(value[0]));
  if (isNested) {
    const mistake = checkNesting(spec.name, value, shape, 0, field);
    if (mistake !== undefined) return mistake;
  } else if (value.length !== count) {
    return problems.wrongCount(spec.name, value.length, shape, count);
  }

  const data = codec.allocate(count);
  let index = 0;
  const storeAll = (level: unknown, depth: number, path: string): Problem | undefined => {
    if (!Array.isArray(level)) {
      return codec.store(data, index++, level) ? undefined : problems.wrongElement(spec.name, path, level, codec.takes);
    }
    if (depth < shape.length - 1 && isNested) {
      for (let i = 0; i < level.length; i++) {
        const mistake = storeAll(level[i], depth + 1, `${path}[${i}]`);
        if (mistake !== undefined) return mistake;
      }
      return undefined;
    }
    for (let i = 0; i < level.length; i++) {
      if (!codec.store(data, index++, level[i])) {
        return problems.wrongElement(spec.name, `${path}[${i}]`, level[i], codec.takes);
      }
    }
    return undefined;
  };
  return storeAll(value, 0, field) ?? data;
}

/**
 * JSON of a tensor's elements, flat. NaN and the infinities become null, as JSON has no form for them; 64-bit integers
 * keep every digit; the other numbers read back as the same value.
 */
export function flatJson(tensor: Tensor): string {
  return `[${elementsJson(tensor.datatype, tensor.data, 0, tensor.data.length)}]`;
}

/** JSON of a tensor as nested arrays; a scalar is the bare value. */
export function nestedJson(tensor: Tensor): string {
  return nestedPart(tensor, 0, 0, tensor.data.length);
}

/** JSON of the parts of a tensor along its first dimension, which must be there. */
export function rowsJson(tensor: Tensor): string[] {
  const rows = tensor.shape[0] ?? 0;
  const size = rows === 0 ? 0 : tensor.data.length / rows;
  return Array.from({ length: rows }, (_, row) => nestedPart(tensor, 1, row * size, (row + 1) * size));
}

function nestedPart(tensor: Tensor, depth: number, start: number, end: number): string {
  const { shape, datatype, data } = tensor;
  if (depth === shape.length) return elementsJson(datatype, data, start, end);
  if (depth === shape.length - 1) return `[${elementsJson(datatype, data, start, end)}]`;
  const count = shape[depth] ?? 0;
  const size = count === 0 ? 0 : (end - start) / count;
  const parts: string[] = [];
  for (let i = 0; i < count; i++) parts.push(nestedPart(tensor, depth + 1, start + i * size, start + (i + 1) * size));
  return `[${parts.join(",")}]`;
}

/** Measured: below this, joining is faster than JSON.stringify of a plain array; above, slower. */
const joinedElements = 10_000;

/** Elements from `start` to `end`, with commas between. */
function elementsJson(datatype: Datatype, data: TensorData, start: number, end: number): string {
  if (datatype === "BYTES") return withoutBrackets(JSON.stringify((data as string[]).slice(start, end)));
  if (datatype === "BOOL") {
    return Array.from((data as Uint8Array).subarray(start, end), (value) => value !== 0).join(",");
  }
  const part = start === 0 && end === data.length ? (data as Numbers) : (data as Numbers).subarray(start, end);
  if (datatype === "INT64" || datatype === "UINT64") return part.join(",");
  const isFloat = datatype === "FP32" || datatype === "FP64" || datatype === "FP16";
  if (part.length < joinedElements && !(isFloat && hasNonFinite(part))) return part.join(",");
  return withoutBrackets(JSON.stringify(Array.from(part)));
}

function withoutBrackets(json: string): string {
  return json.slice(1, -1);
}

function hasNonFinite(numbers: Numbers): boolean {
  for (let i = 0; i < numbers.length; i++) {
    if (!Number.isFinite(numbers[i])) return true;
  }
  return false;
}

function checkNesting(
  input: string,
  level: unknown,
  shape: readonly number[],
  depth: number,
  path: string,
): Problem | undefined {
  if (depth === shape.length) return undefined;
  const size = shape[depth] ?? 0;
  if (!Array.isArray(level)) {
    return problems.ragged(input, path, show(level), `an array of ${size}`);
  }
  if (level.length !== size) return problems.ragged(input, path, `an array of ${level.length}`, `one of ${size}`);
  if (depth === shape.length - 1) return undefined;
  for (let i = 0; i < level.length; i++) {
    const mistake = checkNesting(input, level[i], shape, depth + 1, `${path}[${i}]`);
    if (mistake !== undefined) return mistake;
  }
  return undefined;
}
