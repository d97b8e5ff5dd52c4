import { numberTexts } from "../../../server/protocol/write/tensor-text.ts";
import type { Tensor } from "../../../server/tensor.ts";

/** An output of an answer, whichever protocol it came by. */
export interface Output {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data: Values;
}

/**
 * Elements as text, to the last digit: a number as it was written or would be, a string as JSON, `NaN`, `Infinity` and
 * `-Infinity` bare. An array is one; those of a tensor are made when they are asked for, as there may be millions.
 */
export interface Values {
  readonly length: number;
  readonly slice: (start: number, end: number) => readonly string[];
}

/** What was answered. */
export interface Answer {
  readonly modelName: string | undefined;
  readonly modelVersion: string | undefined;
  /** Of the request, repeated. */
  readonly id: string | undefined;
  readonly outputs: readonly Output[];
}

export function tensorOutput(tensor: Tensor): Output {
  const { name, datatype, shape, data } = tensor;
  const text = (index: number): string => {
    if (Array.isArray(data)) return JSON.stringify(data[index]);
    const [json = ""] = numberTexts(tensor, index, index + 1);
    return json.replaceAll('"', "");
  };
  const slice = (start: number, end: number): string[] =>
    Array.from({ length: Math.max(0, Math.min(end, data.length) - start) }, (_, index) => text(start + index));
  return { name, datatype, shape, data: { length: data.length, slice } };
}
