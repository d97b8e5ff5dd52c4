import type { Signature, Tensor, TensorData } from "../../tensor.ts";
import type { RunInputs } from "../run.ts";

/**
 * Requests as one run: their inputs one below the other along the first dimension, which means a row of its own to the
 * models that this is done for.
 */

/**
 * Whether the model's inputs and outputs all begin with a dimension of any size, as a batch's do. Inputs that one request
 * has and another has not do not go together, and the tensors of a sequence are no rows.
 */
export function looksBatchable({ inputs, outputs }: Signature): boolean {
  return (
    inputs.length > 0 &&
    inputs.every(({ isOptional }) => isOptional !== true) &&
    outputs.every(({ isSequence }) => isSequence !== true) &&
    [...inputs, ...outputs].every(({ shape }) => shape[0] === -1)
  );
}

/** Rows of a request; undefined when its inputs have different numbers of them, or none. */
export function rowsOf({ inputs }: RunInputs): number | undefined {
  const rows = inputs[0]?.shape[0];
  return rows !== undefined && rows > 0 && inputs.every(({ shape }) => shape[0] === rows) ? rows : undefined;
}

/** Whether two requests differ in nothing but the number of their rows, and what stands in them. */
export function goTogether(one: RunInputs, other: RunInputs): boolean {
  return (
    sameNames(one.outputs, other.outputs) &&
    one.inputs.every((tensor, index) => {
      const shape = other.inputs[index]?.shape;
      return (
        shape !== undefined &&
        shape.length === tensor.shape.length &&
        shape.every((size, dimension) => dimension === 0 || size === tensor.shape[dimension])
      );
    })
  );
}

/** Inputs of requests that go together, as one. All in the same order, that of the model. */
export function join(requests: readonly RunInputs[]): RunInputs {
  const [first, ...others] = requests;
  if (first === undefined || others.length === 0) return first ?? { inputs: [], outputs: [] };
  const inputs = first.inputs.map((tensor, index): Tensor => {
    const parts = requests.flatMap((request) => request.inputs[index] ?? []);
    const rows = parts.reduce((total, { shape }) => total + (shape[0] ?? 0), 0);
    return { ...tensor, shape: [rows, ...tensor.shape.slice(1)], data: concatenate(parts.map(({ data }) => data)) };
  });
  return { inputs, outputs: first.outputs };
}

/**
 * Parts of larger outputs are copied: an answer that waits for a slow client would hold those of all others. Below this
 * they hold little together.
 */
const sharedBytes = 64 * 1024;

/** Each request's part of the outputs; undefined when an output does not have as many rows as went in. */
export function split(outputs: readonly Tensor[], rows: readonly number[]): readonly (readonly Tensor[])[] | undefined {
  const total = rows.reduce((sum, count) => sum + count, 0);
  if (outputs.some(({ shape }) => shape[0] !== total)) return undefined;
  let begin = 0;
  return rows.map((count) => {
    const end = begin + count;
    const part = outputs.map((tensor): Tensor => {
      const size = tensor.data.length / total;
      return {
        ...tensor,
        shape: [count, ...tensor.shape.slice(1)],
        data: Array.isArray(tensor.data)
          ? tensor.data.slice(begin * size, end * size)
          : partOf(tensor.data, begin * size, end * size),
      };
    });
    begin = end;
    return part;
  });
}

function partOf(data: Exclude<TensorData, string[]>, begin: number, end: number): TensorData {
  return data.byteLength > sharedBytes ? data.slice(begin, end) : data.subarray(begin, end);
}

function sameNames(one: readonly string[], other: readonly string[]): boolean {
  return one === other || (one.length === other.length && one.every((name, index) => name === other[index]));
}

function concatenate(parts: readonly TensorData[]): TensorData {
  const [first] = parts;
  if (first === undefined || Array.isArray(first)) return parts.flatMap((part) => part as string[]);
  const length = parts.reduce((total, part) => total + part.length, 0);
  const make = first.constructor as new (length: number) => Exclude<TensorData, string[]>;
  const whole = new make(length);
  let at = 0;
  for (const part of parts) {
    // One datatype throughout: they are values of one input.
    (whole as Uint8Array).set(part as Uint8Array, at);
    at += part.length;
  }
  return whole;
}
