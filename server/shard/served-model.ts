import type { Config } from "../config.ts";
import type { ServedModel } from "../state.ts";
import type { LoadedShard } from "./messages.ts";

/** The model that a shard has loaded, under the name that it is served by. */
export function servedModel(
  { modelName, modelVersion }: Pick<Config, "modelName" | "modelVersion">,
  { signature, sampleShapes, provider, refusedProviders, batchRows }: LoadedShard,
): ServedModel {
  const outputNames = signature.outputs.map(({ name }) => name);
  const loaded = { signature, outputNames, sampleShapes, provider, refusedProviders, batchRows };
  return { name: modelName, version: modelVersion, ...loaded };
}
