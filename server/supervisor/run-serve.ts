import { type Config, readConfig } from "../config.ts";
import { environment, paths } from "../contract.ts";
import { createLog, standardOutput } from "../log.ts";
import { stateOf } from "../engine/session/file-state.ts";
import { leaveReport, notLoaded } from "../termination.ts";
import { type Plan, planShards } from "./plan.ts";
import { surveyModel } from "./survey-model.ts";
import { serve } from "./serve.ts";
import type { ServeEdge } from "./serve-edge.ts";

/**
 * The main container: listens, loads the model, warms it up, turns ready, serves until SIGTERM or until something
 * breaks that only a new process mends. Leaves a report in the termination message when it could not do its work.
 */
export async function runServe(edge: ServeEdge): Promise<0 | 1> {
  const write = edge.writeLog ?? standardOutput();
  const read = readConfig(edge.variables, edge.availableCores, edge.nodeCores);
  if (!read.ok) {
    const path = edge.variables[environment.terminationMessage] ?? paths.terminationMessage;
    await leaveReport(path, notLoaded("InvalidConfiguration", read.message), createLog("info", write));
    return 1;
  }
  const { config } = read;
  const log = createLog(config.logLevel, write).child({ model: config.modelName, version: config.modelVersion });
  for (const warning of config.traces.warnings) log.warn(warning);
  const ground = await surveyModel(config, edge);
  const plan = ground.ok ? planShards({ ...ground, workers: config.workers }) : ground;
  if (!ground.ok || !plan.ok) {
    const report = ground.ok
      ? notLoaded("OutOfMemory", plan.ok ? "" : plan.message)
      : notLoaded("NotAModel", ground.message);
    await leaveReport(config.terminationMessagePath, report, log);
    return 1;
  }
  // What fetch has put there is nobody else's; a file that a person names may be exported anew at any time.
  const isFileStable = edge.modelPath === undefined;
  const { modelPath, modelFiles, modelBytes } = ground;
  const seenFiles = isFileStable ? undefined : (modelFiles ?? [modelPath]).map(stateOf);
  const served = { ...config, ...threadsOf(config, plan), batchLimit: ground.mixesRows ? 1 : config.batchLimit };
  const source = { modelPath, isFileStable, seenFiles };
  return serve({ config: served, edge, log, write, source, modelFiles, modelBytes, plan });
}

/** The run of the only shard is always alone; whether more threads pay is not found out where that takes the model twice. */
function threadsOf(
  { intraOpThreads, loneIntraOpThreads }: Config,
  { shards, hasRoomForTwo }: Plan & { readonly ok: true },
): Pick<Config, "intraOpThreads"> {
  const isAlwaysAlone = shards === 1 && !hasRoomForTwo;
  return { intraOpThreads: isAlwaysAlone ? Math.max(intraOpThreads, loneIntraOpThreads) : intraOpThreads };
}
