import type { FailureReason, Provider, RefusedProvider } from "../contract.ts";
import type { Problem } from "../errors.ts";
import type { Signature, Tensor } from "../tensor.ts";

/** What runs a model, wherever it runs: in place on the thread that asks, or on threads of its own. */
export interface Engine {
  readonly load: () => Promise<LoadedModel | ({ readonly ok: false } & EngineFailure)>;
  readonly run: (request: RunRequest) => Promise<RunOutcome>;
  /** Requests that wait. */
  readonly queued: () => number;
  /** Sessions that can run a request now or after the one they run. */
  readonly usable: () => number;
  /** Runs of the model so far: fewer than requests where some of them are run together. */
  readonly runs: () => number;
  /** Ends every idle thread. False: a thread is inside a native call, a run or a load, so only the process's end ends it. */
  readonly close: () => Promise<boolean>;
}

export interface EngineFailure {
  readonly reason: FailureReason;
  readonly message: string;
}

export interface LoadedModel {
  readonly ok: true;
  readonly signature: Signature;
  /** Outputs that cannot be sent: of types that no protocol has, or maps in places where they cannot be taken apart. */
  readonly skippedOutputs: readonly string[];
  /** What runs it. */
  readonly provider: Provider;
  /** What was tried before that. */
  readonly refusedProviders: readonly RefusedProvider[];
}

export interface RunInputs {
  readonly inputs: readonly Tensor[];
  /** Names of the outputs to compute. */
  readonly outputs: readonly string[];
}

export interface RunRequest {
  /** Names the request in logs and in the report of a crash. */
  readonly id: string;
  /**
   * Called once, right before the run: what waits holds its body alone, and not its tensors as well. The arrays of the
   * inputs may be taken away by the run.
   */
  readonly decode: () => RunInputs | Problem;
  /** Asked before the run: true drops the request. */
  readonly isAbandoned: () => boolean;
}

export type RunOutcome =
  | {
      readonly kind: "done";
      readonly outputs: readonly Tensor[];
      readonly queueSeconds: number;
      readonly runSeconds: number;
    }
  /** It was no request that this model takes. */
  | { readonly kind: "invalid"; readonly problem: Problem }
  /** ONNX Runtime said no: the inputs do not go together, or an operator found a value it cannot take. */
  | { readonly kind: "refused"; readonly message: string; readonly isOutOfMemory: boolean }
  /** As many as may wait are waiting. */
  | { readonly kind: "full" }
  /** Waited too long and was not run. */
  | { readonly kind: "expired" }
  /** Ran too long. The native call cannot be interrupted, so its thread is lost. */
  | { readonly kind: "stuck" }
  /** The worker died during the run. */
  | { readonly kind: "faulted" }
  /** Who asked has gone; was not run. */
  | { readonly kind: "abandoned" }
  /** No worker will come. */
  | { readonly kind: "closed" };
