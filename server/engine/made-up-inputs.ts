import { codecs, elementCount, type Signature, type TensorData } from "../tensor.ts";
import type { RunInputs } from "./run.ts";

type Shapes = ReadonlyMap<string, readonly number[]>;

/** Values that no other number has, small enough for indices. `shapes`: of each input. */
export function madeUpInputs({ inputs, outputs }: Signature, shapes: Shapes, number: number): RunInputs {
  return {
    inputs: inputs.map(({ name, datatype }) => {
      const shape = shapes.get(name) ?? [];
      const data = codecs[datatype].allocate(elementCount(shape) ?? 0);
      fill(data, datatype.startsWith("FP"), number);
      return { name, datatype, shape, data };
    }),
    outputs: outputs.map(({ name }) => name),
  };
}

/** The same with one row, that of the number. */
export function madeUpRow(signature: Signature, shapes: Shapes, row: number): RunInputs {
  const rowShapes = signature.inputs.map(({ name }) => [name, [1, ...(shapes.get(name) ?? []).slice(1)]] as const);
  return madeUpInputs(signature, new Map(rowShapes), row);
}

/** Within half floats, and so far from other made-up values that nothing of these is left on a scale of theirs. */
export const loudness = 1000;

/** The same request with its floats times `factor`, and times -`factor`, by turns. Anything else may be an index and stays. */
export function scaled({ inputs, outputs }: RunInputs, factor: number): RunInputs {
  const scale = (data: TensorData): TensorData => {
    if (Array.isArray(data)) return data;
    const copy = data.slice();
    for (let index = 0; index < copy.length; index++) {
      copy[index] = Number(copy[index]) * (index % 2 === 0 ? factor : -factor);
    }
    return copy;
  };
  return {
    inputs: inputs.map((tensor) =>
      tensor.datatype.startsWith("FP") ? { ...tensor, data: scale(tensor.data) } : tensor,
    ),
    outputs,
  };
}

function fill(data: TensorData, isFloat: boolean, number: number): void {
  if (Array.isArray(data)) return;
  for (let index = 0; index < data.length; index++) {
    // A sequence without a period that matters; which one makes no difference.
    const value = ((index + 1) * 0.618_033_988_7 + number * 0.414_213_562_3) % 1;
    if (isFloat) data[index] = value;
    else if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[index] = BigInt(Math.round(value));
    else data[index] = Math.round(value);
  }
}
