import type { FailureReason } from "../contract.ts";
import type { Datatype, Signature } from "../tensor.ts";

/** A tensor between threads: its bytes are transferred, so the sender's view of them is empty afterwards. */
export interface TensorMessage {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data: ArrayBuffer | string[];
}

/** What a worker is started with. */
export interface WorkerOptions {
  readonly modelPath: string;
  readonly intraOpThreads: number;
}

export interface RunMessage {
  readonly inputs: readonly TensorMessage[];
  /** Outputs to compute. */
  readonly outputs: readonly string[];
}

export type WorkerMessage =
  | { readonly kind: "loaded"; readonly signature: Signature; readonly skippedOutputs: readonly string[] }
  | { readonly kind: "loadFailed"; readonly reason: FailureReason; readonly message: string }
  | { readonly kind: "done"; readonly outputs: readonly TensorMessage[]; readonly seconds: number }
  /** ONNX Runtime refused to run: its message, cleaned. */
  | { readonly kind: "refused"; readonly message: string; readonly isOutOfMemory: boolean };
