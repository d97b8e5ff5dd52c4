import type { TensorSpec } from "../../tensor.ts";

/**
 * What the Open Inference Protocol has no field for, as `parameters` of an input or output in metadata (MLServer's
 * clients know the place, others read past it). A key is there only where it says something:
 *
 * | key | of | value |
 * |---|---|---|
 * | `dims` | both | `shape` with the names that the model gives to sizes; null where a size has none. Sizes of one name must be equal |
 * | `optional` | an input | true: a request may leave it out |
 * | `labels` | an output | what the places of its last dimension stand for, as the classes of a classifier |
 * | `sequence` | an output | true: the model gives a sequence, whose tensors stand along the first dimension |
 */
export interface TensorParameters {
  readonly dims?: readonly (number | string | null)[];
  readonly optional?: true;
  readonly labels?: readonly string[];
  readonly sequence?: true;
}

export function tensorParameters({
  shape,
  dimensionNames,
  isOptional,
  labels,
  isSequence,
}: TensorSpec): TensorParameters {
  return {
    ...(dimensionNames === undefined ? {} : { dims: shape.map((size, index) => nameOf(size, dimensionNames[index])) }),
    ...(isOptional === undefined ? {} : { optional: isOptional }),
    ...(labels === undefined ? {} : { labels }),
    ...(isSequence === undefined ? {} : { sequence: isSequence }),
  };
}

function nameOf(size: number, name = ""): number | string | null {
  if (size !== -1) return size;
  return name === "" ? null : name;
}
