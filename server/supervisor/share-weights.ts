import type { Logger } from "pino";
import type { Config } from "../config.ts";
import { isPackable, type PackedWeights, packWeights } from "../packing/pack-weights.ts";

export interface ShareWeightsOptions {
  readonly config: Config;
  readonly modelPath: string;
  readonly modelFiles: readonly string[] | undefined;
  readonly modelBytes: number;
  /** The model's files stay as they are. */
  readonly isFileStable: boolean;
  readonly shards: number;
  readonly script: URL;
  /** Environment of the process that packs. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Of this process. */
  readonly pid: number;
  readonly log: Logger;
  /** Monotonic, milliseconds. */
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** Packs the weights for all shards together where that is worth it, and tells. Undefined: each has them for itself. */
export async function shareWeights(options: ShareWeightsOptions): Promise<PackedWeights | undefined> {
  const { config, modelPath, modelFiles, modelBytes, isFileStable, shards, script, variables, pid, log, now, signal } =
    options;
  const { intraOpThreads, providers, diskLimitBytes, packedDirectory: directory } = config;
  const settings = { modelPath, isFileStable, intraOpThreads, providers };
  if (!isPackable({ settings, modelFiles, modelBytes, shards })) return undefined;
  const begun = now();
  const packed = await packWeights({
    settings,
    modelFiles,
    modelBytes,
    diskLimitBytes,
    shards,
    directory,
    script,
    variables,
    pid,
    signal,
  });
  const seconds = (now() - begun) / 1000;
  if (packed.ok) {
    log.info({ seconds }, "the weights are packed for all workers together");
    return packed;
  }
  if (!signal.aborted) log.warn({ seconds, detail: packed.message }, "each worker has the weights for itself");
  return undefined;
}
