import type { FailureReason } from "../contract.ts";
import type { Tensor } from "../tensor.ts";
import type { LoadedModel, RunInputs } from "./run.ts";
import type { LoneRunsSettings } from "./lone-runs/add-lone-runs.ts";
import type { LoneRunsDecision } from "./lone-runs/lone-session.ts";
import type { SessionSettings } from "./session/session.ts";

/** What a worker is started with. */
export interface WorkerOptions extends SessionSettings {
  /** Undefined: all runs use the same threads. */
  readonly loneRuns?: LoneRunsSettings | undefined;
}

/** To a worker. Whatever bytes its tensors hold are transferred: see {@link portable}. */
export type RunMessage = RunInputs;

export type WorkerMessage =
  | { readonly kind: "loaded"; readonly model: LoadedModel }
  | { readonly kind: "loadFailed"; readonly reason: FailureReason; readonly message: string }
  | { readonly kind: "done"; readonly outputs: readonly Tensor[]; readonly seconds: number }
  | { readonly kind: "loneRuns"; readonly decision: LoneRunsDecision }
  /** ONNX Runtime refused to run: its message, cleaned. */
  | { readonly kind: "refused"; readonly message: string; readonly isOutOfMemory: boolean };

/**
 * Tensors that may go to another thread, and the buffers to hand over with them. An array that is a part of a buffer, as
 * those of a binary body are, is copied: its buffer belongs to others as well, and none may be handed over twice.
 */
export function portable(tensors: readonly Tensor[]): {
  readonly tensors: readonly Tensor[];
  readonly transfer: readonly ArrayBuffer[];
} {
  const transfer: ArrayBuffer[] = [];
  const moved = tensors.map((tensor) => {
    const { data } = tensor;
    if (Array.isArray(data)) return tensor;
    const isWhole = data.byteOffset === 0 && data.byteLength === data.buffer.byteLength;
    const own = isWhole && !transfer.includes(data.buffer) ? data : data.slice();
    transfer.push(own.buffer);
    return own === data ? tensor : { ...tensor, data: own };
  });
  return { tensors: moved, transfer };
}
