import type { Tensor, TensorSpec } from "../tensor.ts";

/** What every protocol's decoder gives: tensors that the model takes, all of them, in the model's order. */
export interface InferenceRequest {
  readonly inputs: readonly Tensor[];
  /** Names of the outputs asked for, in the order asked for; all in the model's order when undefined. */
  readonly outputs: readonly string[] | undefined;
}

/** What every protocol's encoder gives. */
export interface EncodedAnswer {
  /** Beside those of every answer; `content-type` is `application/json` when it is not here. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body, each part bounded. Made as they are taken, once: a small body is an array of one text. */
  readonly parts: Iterable<string | Uint8Array>;
}

/**
 * The input that a request means when it names none, as many forms allow: the model's only one, or the only one that
 * may not be left out.
 */
export function onlyInputOf(inputs: readonly TensorSpec[]): TensorSpec | undefined {
  const [first, another] = inputs.length === 1 ? inputs : inputs.filter(({ isOptional }) => isOptional !== true);
  return another === undefined ? first : undefined;
}
