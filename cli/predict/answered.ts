import type { Answer } from "./answer/output.ts";

/** One prediction that came back. */
export interface Answered {
  /** Undefined: there are no tensors in it. */
  readonly answer: Answer | undefined;
  /** As it came, if that is JSON. */
  readonly text: string | undefined;
  /** From the first byte of the request to the last of the answer. */
  readonly milliseconds: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
}
