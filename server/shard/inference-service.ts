import type { InferenceService } from "../grpc/inference-service.ts";
import { type Problem, problems } from "../errors.ts";
import { checkSizes } from "../protocol/check-sizes.ts";
import { refuseRagged } from "../protocol/v2/encode-v2.ts";
import { modelConfig } from "../protocol/v2/model-config.ts";
import type { Tensor } from "../tensor.ts";
import type { AppOptions } from "./app-options.ts";
import { runProblem } from "./run-problem.ts";
import { tensorBytes } from "./tensor-bytes.ts";
import { serverExtensions, serverName, serverVersion } from "./server-identity.ts";

/** The model as gRPC serves it: the same engine, the same answers. */
export function createInferenceService(options: AppOptions): InferenceService {
  const { state, now } = options;
  return {
    server: { name: serverName, version: serverVersion, extensions: serverExtensions },
    modelName: options.modelName,
    modelVersion: options.modelVersion,
    phase: () => state.phase,
    model: () => state.model,
    statistics: options.statistics,
    config: modelConfig,

    async infer(request, { id, deadline, isGone, hold, marks }): Promise<readonly Tensor[] | Problem> {
      const engine = options.engine();
      const { model } = state;
      if (engine === undefined || model === undefined) return problems.notReady(state.phase);
      const misfit = checkSizes(model.signature, request.inputs);
      if (misfit !== undefined) return misfit;
      const inputs = { inputs: request.inputs, outputs: request.outputs ?? model.outputNames };
      const outcome = await engine.run({
        id,
        decode() {
          marks?.push({ name: "run", at: now() });
          return inputs;
        },
        isAbandoned: () => isGone() || (deadline !== undefined && now() >= deadline),
      });
      marks?.push({ name: "encode", at: now() });
      // Whoever gave up is told nothing.
      if (outcome.kind === "abandoned") return problems.queueExpired(options.queueSeconds);
      if (outcome.kind !== "done") {
        options.onFailed();
        return runProblem(outcome, options);
      }
      options.onRan(outcome.queueSeconds, outcome.runSeconds);
      const ragged = refuseRagged(outcome.outputs);
      if (ragged !== undefined) return ragged;
      const bytes = tensorBytes(outcome.outputs);
      return hold(bytes) ? outcome.outputs : problems.answerTooLarge(bytes);
    },
  };
}
