import type { Logger } from "pino";
import type { Config } from "../config.ts";
import { type FailureReport, paths, reportedCrashes, type ServeReport } from "../contract.ts";
import type { WriteLine } from "../log.ts";
import { problemJson, problems } from "../errors.ts";
import { mergeRecent } from "../page/recent-requests.ts";
import { addStatistics, noStatistics } from "../protocol/v2/model-statistics.ts";
import type { LoadedShard, StartShard } from "../shard/messages.ts";
import { servedModel } from "../shard/served-model.ts";
import type { Phase, ServerState } from "../state.ts";
import { leaveReport, notLoaded } from "../termination.ts";
import { createCrashRegister, crashReport } from "./shards/crash-register.ts";
import { createAdmin } from "./admin.ts";
import { drain } from "./drain.ts";
import { createFrontDesk, type ProbePath } from "./front-desk.ts";
import { isListenError, listen } from "./listen.ts";
import { createMetrics } from "./metrics.ts";
import type { Plan } from "./plan.ts";
import { watchService } from "./service.ts";
import { shareWeights } from "./share-weights.ts";
import { loadVariables } from "./load-variables.ts";
import { createLoneRunPlaces } from "./shards/lone-run-places.ts";
import { createShards } from "./shards/shards.ts";
import { createWaitingRoom } from "./waiting-room.ts";
import type { ServeEdge } from "./serve-edge.ts";
import { tellLoaded } from "./tell-loaded.ts";

export interface ServeOptions {
  readonly config: Config;
  readonly edge: ServeEdge;
  readonly log: Logger;
  readonly write: WriteLine;
  /** What all shards load. */
  readonly source: Pick<StartShard, "modelPath" | "isFileStable" | "seenFiles">;
  readonly modelFiles: readonly string[] | undefined;
  readonly modelBytes: number;
  readonly plan: Plan & { readonly ok: true };
}

/** Listens, loads the model, serves until SIGTERM or until something breaks that only a new process mends. */
export async function serve({
  config,
  edge,
  log,
  write,
  source,
  modelFiles,
  modelBytes,
  plan,
}: ServeOptions): Promise<0 | 1> {
  const { now } = edge;
  const started = now();
  const state: ServerState = { phase: "loading", inService: true, model: undefined };
  const { promise: broken, resolve: breakDown } = Promise.withResolvers<FailureReport>();
  const { promise: served, resolve: beginServing } = Promise.withResolvers<LoadedShard>();

  const crashes = createCrashRegister(now);
  const metrics = createMetrics({
    model: config.modelName,
    version: config.modelVersion,
    workers: () => shards.usable(),
    isReady: () => isReady(state.phase, shards.usable()),
    isInService: () => state.inService,
    provider: () => state.model?.provider,
  });
  const over = new AbortController();
  const variables = loadVariables(edge.variables, modelBytes);
  const packing = shareWeights({
    config,
    ...source,
    modelFiles,
    modelBytes,
    shards: plan.shards,
    script: edge.script,
    variables,
    pid: edge.pid,
    log,
    now,
    signal: over.signal,
  });
  const shards = createShards({
    count: plan.shards,
    start: {
      kind: "start",
      config,
      ...source,
      place: plan.place,
      memoryBudgetBytes: plan.memoryBudgetBytes,
      connectionLimit: Math.ceil(maximumConnections / plan.shards),
    },
    places: createLoneRunPlaces({
      shards: plan.shards,
      threads: config.loneIntraOpThreads > config.intraOpThreads ? config.loneIntraOpThreads : undefined,
      hasRoomForTwo: plan.hasRoomForTwo,
      roomUpToBytes: plan.roomUpToBytes,
      runSeconds: config.runSeconds,
    }),
    packed: packing.then((packed) => packed?.path),
    script: edge.script,
    variables,
    state,
    now,
    writeLog: (line) => write(`${line}\n`),
    onNobody({ socket, protocol, first }) {
      if (protocol === "grpc") socket.destroy();
      else waitingRoom.take(socket, first);
    },
    onLoaded: beginServing,
    onUnpacked(detail) {
      log.warn({ detail }, "the packed weights are of no use: each worker has them for itself from now on");
      void packing.then((packed) => packed?.discard());
    },
    crashes,
    onLost({ message, requestId, repeated }) {
      metrics.workerReplaced();
      log.error({ detail: message, requestId }, "a worker was lost and is being replaced");
      if (repeated === undefined) return;
      metrics.inputsRefused();
      log.error(
        { detail: message, requestId, inputs: repeated.digest },
        "inputs that crashed the engine again are refused from now on",
      );
    },
    onEnded: metrics.retire,
    onFatal(failure) {
      setPhase("failed");
      breakDown({ ok: false, ...failure });
    },
    async answer(about) {
      const counts = await shards.counts();
      return about === "recent"
        ? mergeRecent(counts.map(({ recent }) => recent))
        : counts.map(({ statistics }) => statistics).reduce(addStatistics, noStatistics);
    },
  });
  // A shard inside a run notices by itself that nobody is there any more, but only after the run.
  edge.abandoned.addEventListener("abort", shards.kill);
  const setPhase = (phase: Phase): void => {
    state.phase = phase;
    shards.tellState();
  };

  const probe = (path: ProbePath): { readonly isGood: boolean; readonly body: string } => {
    if (path === paths.live) return { isGood: true, body: '{"live":true}' };
    return isReady(state.phase, shards.usable())
      ? { isGood: true, body: '{"live":true,"ready":true}' }
      : { isGood: false, body: problemJson(problems.notReady(state.phase)) };
  };
  const waitingRoom = createWaitingRoom(() => state.phase, edge.newRequestId);
  const desk = createFrontDesk({
    probe,
    newRequestId: edge.newRequestId,
    handOver: (socket, protocol, first) => shards.handOver({ socket, protocol, first }),
  });
  const http = desk.server("http");
  const grpc = desk.server("grpc");
  let report: Omit<ServeReport, "ready" | "inService" | "repeatedCrashes"> | undefined;
  const admin = createAdmin({
    metrics: { text: async () => metrics.text(await shards.counts()), contentType: metrics.contentType },
    report: () =>
      report && {
        ...report,
        ready: state.phase === "serving",
        inService: state.inService,
        repeatedCrashes: crashes.repeated().slice(0, reportedCrashes).map(crashReport(now())),
      },
    probe,
  });
  const watch = watchService({
    file: config.inServiceFile,
    onChange(inService) {
      state.inService = inService;
      shards.tellState();
      log.info({ inService }, inService ? "in service" : "out of service: connections end with their next answer");
    },
    onError: (error) => log.warn({ error }, "the in-service file cannot be read; the last state holds"),
  });
  const terminated = new Promise<undefined>((resolve) => {
    if (edge.terminated.aborted) resolve(undefined);
    edge.terminated.addEventListener("abort", () => resolve(undefined), { once: true });
  });

  try {
    const httpPort = await listen(http, config.httpPort, config.listenAddress);
    const grpcPort = await listen(grpc, config.grpcPort, config.listenAddress);
    const metricsPort = await listen(admin, config.metricsPort, config.listenAddress);
    log.info({ httpPort, grpcPort, metricsPort, workers: plan.shards }, "listening");

    const loaded = await Promise.race([served, broken, terminated]);
    if (loaded === undefined) {
      log.info("stopped while the model was loading");
      return 0;
    }
    if ("reason" in loaded) {
      await leaveReport(config.terminationMessagePath, loaded, log);
      return 1;
    }
    const model = servedModel(config, loaded);
    state.model = model;
    report = {
      model: config.modelName,
      version: config.modelVersion,
      loadSeconds: loaded.loadSeconds,
      warmUpSeconds: loaded.warmUpSeconds,
      memoryBytes: edge.memoryBytes() + loaded.memoryBytes * plan.shards,
      workers: plan.shards,
      batchRows: loaded.batchRows,
      provider: loaded.provider,
      refusedProviders: loaded.refusedProviders,
    };
    tellLoaded(loaded, (now() - started) / 1000, log);
    if (state.phase === "loading") setPhase("serving");
    edge.onServing?.({ model, httpPort, grpcPort, metricsPort });

    const failure = await Promise.race([broken, terminated]);
    if (failure === undefined) {
      setPhase("draining");
      log.info({ propagationSeconds: config.propagationSeconds }, "draining");
    } else {
      await leaveReport(config.terminationMessagePath, failure, log);
    }
    const isComplete = await drain({
      servers: [http, grpc],
      desk,
      shards,
      propagationSeconds: config.propagationSeconds,
      graceSeconds: config.terminationGraceSeconds,
    });
    if (isComplete) log.info("drained");
    else log.warn("the grace period is over: connections were cut");
    return failure === undefined ? 0 : 1;
  } catch (error) {
    if (!isListenError(error)) throw error;
    const message = `Port ${error.port} cannot be listened on (${error.code}). Choose another, or stop what uses it.`;
    await leaveReport(config.terminationMessagePath, notLoaded("InvalidConfiguration", message), log);
    return 1;
  } finally {
    shards.kill();
    over.abort();
    const packed = await packing;
    await packed?.remove();
    http.close();
    grpc.close();
    watch.stop();
    admin.close();
    admin.closeAllConnections();
  }
}

/** An idle connection costs about 10 KiB; more than this is no load balancer but an attack. */
const maximumConnections = 10_000;

function isReady(phase: Phase, usable: number): boolean {
  return phase === "serving" && usable > 0;
}
