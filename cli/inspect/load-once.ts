import { join } from "node:path";
import { timing } from "../../server/contract.ts";
import { noWatch } from "../../server/engine/run-watch.ts";
import { createThreadedEngine } from "../../server/engine/threaded-engine.ts";
import { warmUp } from "../../server/engine/warm-up.ts";
import type { Edge } from "../edge.ts";
import type { LocalModel } from "../model/local-model.ts";
import type { Verdict } from "./inspection.ts";

/** Loads a model with ONNX Runtime, in a thread of its own as the server does, and runs it once on zeros. */
export async function loadOnce(
  { directory, graph }: Pick<LocalModel, "directory" | "graph">,
  { script, now }: Pick<Edge, "script" | "now">,
): Promise<Verdict> {
  const engine = createThreadedEngine({
    script,
    modelPath: join(directory, graph),
    workers: 1,
    intraOpThreads: 1,
    providers: ["cpu"],
    queueLimit: 1,
    queueSeconds: timing.queueSeconds,
    runSeconds: timing.runSeconds,
    now,
    watch: noWatch,
    // A worker that dies ends its run, which says so.
    onFault: () => undefined,
    onFatal: () => undefined,
  });
  try {
    const started = now();
    const loaded = await engine.load();
    if (!loaded.ok) return { isServed: false, reason: loaded.reason, message: loaded.message };
    const loadedAt = now();
    const { refusal } = await warmUp(engine, loaded.signature);
    const load = { loadSeconds: (loadedAt - started) / 1000, runSeconds: (now() - loadedAt) / 1000, refusal };
    return { isServed: true, load };
  } finally {
    await engine.close();
  }
}
