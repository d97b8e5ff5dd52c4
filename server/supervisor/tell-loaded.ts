import type { Logger } from "pino";
import type { LoadedShard } from "../shard/messages.ts";

const skippedRemedy =
  "outputs that cannot be sent are not served: export them as tensors of a type of the protocol (skl2onnx: options={'zipmap': False})";

/** What a person wants to know of a model that has begun to serve. */
export function tellLoaded(loaded: LoadedShard, startSeconds: number, log: Logger): void {
  const { skippedOutputs, refusal, loadSeconds, warmUpSeconds, memoryBytes, place, batchRows, provider } = loaded;
  for (const refused of loaded.refusedProviders) log.warn(refused, "a provider that was asked for does not work");
  if (skippedOutputs.length > 0) log.warn({ skippedOutputs }, skippedRemedy);
  if (refusal !== undefined) {
    log.warn({ detail: refusal }, "the model did not run on zeros; the first request will be slower");
  }
  log.info({ startSeconds, loadSeconds, warmUpSeconds, memoryBytes, place, provider, batchRows }, "serving");
}
