import type { Logger } from "pino";
import { createInPlaceEngine, type InPlaceEngine } from "../engine/in-place-engine.ts";
import { explainBrokenProvider } from "../engine/session/provider-refusal.ts";
import { addLoneRuns } from "../engine/lone-runs/add-lone-runs.ts";
import type { LoneRunsDecision } from "../engine/lone-runs/lone-session.ts";
import type { Engine, EngineFailure } from "../engine/run.ts";
import type { RunWatch } from "../engine/run-watch.ts";
import { openSession } from "../engine/session/session.ts";
import { createThreadedEngine } from "../engine/threaded-engine.ts";
import { noWarmUp, warmUp } from "../engine/warm-up.ts";
import type { LoadedShard, StartShard } from "./messages.ts";
import { type Place, placeAfterWarmUp } from "./place.ts";
import type { ShardEdge } from "./run-shard.ts";

export type Load =
  | { readonly ok: true; readonly engine: Engine | InPlaceEngine; readonly model: LoadedShard }
  | ({ readonly ok: false } & EngineFailure);

type EngineFor = (place: Place, start: StartShard) => Engine | InPlaceEngine;

/**
 * Loads and warms up where the plan says; and once more on a thread of its own when the runs turn out to be long. The
 * supervisor is told when the model runs on zeros: it ends this process when that does not end, and starts another one that
 * does without, on a thread, as nothing is known of its runs then.
 */
export async function loadModel(
  start: StartShard,
  edge: ShardEdge,
  watch: RunWatch,
  log: Logger,
  isAlone: () => boolean,
  make = engineAt,
): Promise<Load> {
  const engineFor: EngineFor = (place, of) => make(place, of, edge, watch, log, isAlone);
  if (start.withoutWarmUp !== undefined) return loadAt("thread", start, edge, engineFor);
  const first = await loadAt(start.place, start, edge, engineFor);
  if (!first.ok || start.place === "thread" || placeAfterWarmUp(first.runSeconds) === "inPlace") return first;
  await first.engine.close();
  return loadAt("thread", start, edge, engineFor);
}

async function loadAt(
  place: Place,
  start: StartShard,
  edge: ShardEdge,
  engineFor: EngineFor,
): Promise<(Load & { readonly ok: false }) | (Load & { readonly ok: true; readonly runSeconds: number | undefined })> {
  const { now } = edge;
  const started = now();
  const engine = engineFor(place, start);
  const loaded = await engine.load();
  if (!loaded.ok) return loaded;
  const { signature, skippedOutputs, provider, refusedProviders } = loaded;
  const loadedAt = now();
  const { withoutWarmUp } = start;
  edge.send({ kind: "warming", isOver: false });
  const warm = withoutWarmUp === undefined ? await warmUp(engine, signature) : noWarmUp(signature, withoutWarmUp);
  const broken = explainBrokenProvider(provider, warm.refusal);
  if (broken !== undefined) {
    edge.send({ kind: "warming", isOver: true });
    await engine.close();
    const providers = start.config.providers.slice(start.config.providers.indexOf(provider) + 1);
    if (providers.length === 0) return { ok: false, ...broken };
    const next = await loadAt(place, { ...start, config: { ...start.config, providers } }, edge, engineFor);
    if (!next.ok) return next;
    const refused = [...refusedProviders, { provider, message: broken.message }, ...next.model.refusedProviders];
    return { ...next, model: { ...next.model, refusedProviders: refused } };
  }
  // Who is about to be loaded anew, on a thread, has no use for it.
  const stays = place === placeAfterWarmUp(warm.runSeconds);
  const batchRows =
    stays && warm.runSeconds !== undefined && "chooseBatches" in engine
      ? engine.chooseBatches(warm.shapes, start.config.batchLimit)
      : 1;
  edge.send({ kind: "warming", isOver: true });
  const model: LoadedShard = {
    signature,
    skippedOutputs,
    place,
    provider,
    refusedProviders,
    sampleShapes: warm.shapes,
    batchRows,
    refusal: warm.refusal,
    loadSeconds: (loadedAt - started) / 1000,
    warmUpSeconds: (now() - loadedAt) / 1000,
    memoryBytes: edge.memoryBytes(),
  };
  return { ok: true, engine, model, runSeconds: warm.runSeconds };
}

function engineAt(
  place: Place,
  { config, modelPath, isFileStable, seenFiles, packedPath, loneRuns }: StartShard,
  edge: ShardEdge,
  watch: RunWatch,
  log: Logger,
  isAlone: () => boolean,
): Engine | InPlaceEngine {
  const { intraOpThreads, providers } = config;
  const settings = { modelPath, isFileStable, seenFiles, packedPath, intraOpThreads, providers };
  const onLoneRuns = (decision: LoneRunsDecision): void =>
    log.info({ ...decision, threads: loneRuns?.threads }, "runs that are alone were tried with all cores");
  const shared = {
    queueLimit: config.queueLimit,
    queueSeconds: config.queueSeconds,
    now: edge.now,
    watch,
  };
  if (place === "inPlace") {
    let loadMilliseconds = 0;
    return createInPlaceEngine({
      ...shared,
      open() {
        const begun = edge.now();
        const opened = openSession(settings, edge.variables);
        loadMilliseconds = edge.now() - begun;
        return opened;
      },
      adapt: (session) =>
        addLoneRuns(session, settings, loneRuns, {
          variables: edge.variables,
          machineNow: edge.machineNow,
          privateBytes: edge.privateBytes,
          loadMilliseconds,
          later: setImmediate,
          onDecided: onLoneRuns,
        }),
      nextTurn: setImmediate,
      isAlone,
      batchDelayMilliseconds: config.batchDelayMilliseconds,
      later(milliseconds, turn) {
        const timer = setTimeout(turn, milliseconds);
        return () => clearTimeout(timer);
      },
    });
  }
  return createThreadedEngine({
    ...shared,
    ...settings,
    loneRuns,
    onLoneRuns,
    script: edge.script,
    workers: 1,
    runSeconds: config.runSeconds,
    onFault: (detail) => log.error({ detail }, "a worker died and is being replaced"),
    onFatal: (failure) => edge.send({ kind: "broken", ...failure }),
  });
}
