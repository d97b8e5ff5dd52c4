import type { Tensor } from "../tensor.ts";

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

/** The one input of a model that has no other: many forms may leave its name out. */
export function onlyOf<Item>(items: readonly Item[]): Item | undefined {
  return items.length === 1 ? items[0] : undefined;
}
