import type { Problem } from "../errors.ts";
import type { InferenceRequest } from "../protocol/request.ts";
import type { Phase, ServedModel } from "../state.ts";
import type { Tensor } from "../tensor.ts";
import type { Mark } from "../trace/span.ts";
import type { ConfiguredModel, ModelConfig } from "../protocol/v2/model-config.ts";
import type { ModelStatistics } from "../protocol/v2/model-statistics.ts";

/** What the calls are about: the one model of this server. */
export interface InferenceService {
  readonly server: { readonly name: string; readonly version: string; readonly extensions: readonly string[] };
  readonly modelName: string;
  readonly modelVersion: string;
  readonly phase: () => Phase;
  /** Undefined until it is loaded. */
  readonly model: () => ServedModel | undefined;
  /**
   * Runs the model. Gives the outputs in the order asked for, of all outputs in the model's when none was. They share no
   * memory with the inputs, whose memory is given up then.
   */
  readonly infer: (request: InferenceRequest, context: InferenceContext) => Promise<readonly Tensor[] | Problem>;
  readonly statistics: () => Promise<ModelStatistics>;
  readonly config: (model: ConfiguredModel) => ModelConfig;
}

export interface InferenceContext {
  /** Of the call, for logs. */
  readonly id: string;
  /** By the server's clock, milliseconds; undefined when the client set none. */
  readonly deadline: number | undefined;
  /** True once nobody waits for the answer. */
  readonly isGone: () => boolean;
  /** Reserves memory until the answer has left; false: there is none. */
  readonly hold: (bytes: number) => boolean;
  /** To be added to; undefined where nobody traces. */
  readonly marks: Mark[] | undefined;
}
