import type { Logger } from "pino";
import type { Config } from "./config.ts";
import type { FailureReport, ServeReport } from "./contract.ts";
import type { Engine } from "./engine/engine.ts";
import type { ServerState } from "./state.ts";
import { notLoaded } from "./termination.ts";
import { warmUp } from "./warm-up.ts";

export type Load =
  | { readonly ok: true; readonly report: Omit<ServeReport, "ready" | "inService"> }
  | { readonly ok: false; readonly report: FailureReport };

export interface LoadOptions {
  readonly engine: Engine;
  readonly config: Config;
  readonly state: ServerState;
  readonly log: Logger;
  /** Monotonic, milliseconds. */
  readonly now: () => number;
  /** Resident memory, bytes. */
  readonly memoryBytes: () => number;
}

/** Loads and warms up; the phase is `serving` afterwards unless something else has changed it meanwhile. */
export async function loadModel({ engine, config, state, log, now, memoryBytes }: LoadOptions): Promise<Load> {
  const started = now();
  const loaded = await engine.load();
  if (!loaded.ok) return { ok: false, report: notLoaded(loaded.reason, loaded.message) };
  const { signature, skippedOutputs } = loaded;
  if (skippedOutputs.length > 0) log.warn({ skippedOutputs }, "outputs that are no tensors are not served");

  const loadedAt = now();
  const warm = await warmUp(engine, signature, config.workers);
  if (warm.refusal !== undefined) {
    log.warn({ detail: warm.refusal }, "the model did not run on zeros; the first request will be slower");
  }
  const warmAt = now();
  state.model = {
    name: config.modelName,
    version: config.modelVersion,
    signature,
    outputNames: signature.outputs.map(({ name }) => name),
    sampleShapes: warm.shapes,
  };
  if (state.phase === "loading") state.phase = "serving";
  const report = {
    model: config.modelName,
    version: config.modelVersion,
    loadSeconds: (loadedAt - started) / 1000,
    warmUpSeconds: (warmAt - loadedAt) / 1000,
    memoryBytes: memoryBytes(),
    workers: config.workers,
  };
  log.info(
    { loadSeconds: report.loadSeconds, warmUpSeconds: report.warmUpSeconds, memoryBytes: report.memoryBytes },
    "serving",
  );
  return { ok: true, report };
}
