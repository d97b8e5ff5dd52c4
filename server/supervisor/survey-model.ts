import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Config } from "../config.ts";
import { withFileBytes } from "../fetch/onnx/file-bytes.ts";
import { type ModelSummary, readModel } from "../fetch/onnx/read-model.ts";
import { locateModel } from "./locate-model.ts";
import { memoryLimit } from "./memory-limit.ts";
import type { Ground } from "./plan.ts";

export type Survey =
  | ({
      readonly ok: true;
      readonly modelPath: string;
      /** Requests may not be run together: one would change the answer of another. */
      readonly mixesRows: boolean;
      /** With those of its weights; undefined: the graph could not be read ahead. */
      readonly modelFiles: readonly string[] | undefined;
    } & Omit<Ground, "workers">)
  | { readonly ok: false; readonly message: string };

/** What is known of the model and of the container before anything is loaded. */
export async function surveyModel(config: Config, given: { readonly modelPath?: string }): Promise<Survey> {
  const located =
    given.modelPath === undefined
      ? await locateModel(config.modelDirectory)
      : ({ ok: true, path: given.modelPath } as const);
  if (!located.ok) return located;
  const summary = summaryOf(located.path);
  const weights = [...(summary?.externalData.keys() ?? [])].map((file) => join(dirname(located.path), file));
  const files = [located.path, ...weights];
  const sizes = await Promise.all(files.map(sizeOf));
  return {
    ok: true,
    modelPath: located.path,
    modelFiles: summary && files,
    memoryLimitBytes: config.memoryLimitBytes ?? (await memoryLimit()),
    modelBytes: sizes.reduce((sum, size) => sum + size, 0),
    hasLoops: summary?.hasLoops,
    mixesRows: summary?.mixesRows === true,
  };
}

/** Fetch has checked the model; if it cannot be read here, ONNX Runtime says why in a moment. */
function summaryOf(path: string): ModelSummary | undefined {
  try {
    return withFileBytes(path, readModel);
  } catch {
    return undefined;
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return 0;
  }
}
