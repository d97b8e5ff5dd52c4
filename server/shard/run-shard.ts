import type { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { InPlaceEngine } from "../engine/in-place-engine.ts";
import type { Engine } from "../engine/run.ts";
import { createGrpcServer } from "../grpc/grpc-server.ts";
import { grpcLimits } from "../grpc/limits.ts";
import { createHttpServer } from "../http/http-server.ts";
import { defaultLimits } from "../http/limits.ts";
import { createLog, standardOutput } from "../log.ts";
import { createRecentRequests, type RecentRequest } from "../page/recent-requests.ts";
import type { ModelStatistics } from "../protocol/v2/model-statistics.ts";
import type { ServerState } from "../state.ts";
import type { RunNoting } from "../supervisor/shards/run-note.ts";
import { createTracer } from "../trace/tracer.ts";
import { createApp } from "./app.ts";
import type { AppOptions } from "./app-options.ts";
import { isOfAge } from "./connection-age.ts";
import { createCrashWatch } from "./crash-watch.ts";
import { createInferenceService } from "./inference-service.ts";
import { loadModel } from "./load-model.ts";
import { createMemoryBudget, pooledBytesBeside } from "./memory-budget.ts";
import type { FromShard, StartShard, ToShard } from "./messages.ts";
import { createShardMetrics } from "./metrics.ts";
import { createCors } from "./http/cors.ts";
import { createPages } from "./http/pages.ts";
import { createQuestions } from "./questions.ts";
import { serverName, serverVersion } from "./server-identity.ts";
import { servedModel } from "./served-model.ts";
import { createStatistics } from "./statistics.ts";
import { tellCall } from "./tell-call.ts";

/** What `main.ts` takes from the process. */
export interface ShardEdge {
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Started as a worker thread, runs the engine's worker. */
  readonly script: URL;
  readonly send: (message: FromShard) => void;
  readonly receive: (listener: (message: ToShard, socket: Socket | undefined) => void) => void;
  /** Notes each run where it outlives this process. */
  readonly noting: RunNoting;
  readonly exit: (code: number) => void;
  /** Resident memory, bytes. */
  readonly memoryBytes: () => number;
  /** Of that, what no other process has as well. */
  readonly privateBytes: () => number;
  /** Monotonic, milliseconds. */
  readonly now: () => number;
  /** As {@link ShardEdge.now}, but one clock for all processes of the machine. */
  readonly machineNow: () => number;
  /** Milliseconds since 1970 UTC. */
  readonly wallClock: () => number;
  readonly newRequestId: () => string;
  /** So many random bytes as hex digits. */
  readonly randomHex: (bytes: number) => string;
}

/** How often the supervisor is told the counts when it does not ask. */
const countMilliseconds = 1000;
/** For the last traces, when all else is done; a collector that does not answer must not hold the end up. */
const flushMilliseconds = 2000;
/** Ended connections are told of together; and looked for this often while all are to end. */
const closedMilliseconds = 20;

/** One shard: takes connections over from the supervisor, and reads, runs and answers what comes on them. */
export function runShard(edge: ShardEdge): void {
  let isStarted = false;
  edge.receive((message) => {
    if (message.kind !== "start" || isStarted) return;
    isStarted = true;
    startShard(message, edge);
  });
}

function startShard(start: StartShard, edge: ShardEdge): void {
  const { config } = start;
  const { now } = edge;
  const log = createLog(config.logLevel, standardOutput()).child({
    model: config.modelName,
    version: config.modelVersion,
  });
  const state: ServerState = { phase: "loading", inService: true, model: undefined };
  const recent = createRecentRequests(now);
  const watch = createCrashWatch(edge.noting);
  let engine: Engine | InPlaceEngine | undefined;

  const metrics = createShardMetrics({
    model: config.modelName,
    version: config.modelVersion,
    queued: () => engine?.queued() ?? 0,
    inFlight: () => exchanges(),
    connections: () => allConnections(),
  });
  const questions = createQuestions(edge.send);
  const pages = createPages({
    state,
    bodyLimitBytes: config.bodyLimitBytes,
    recent: async () => (await questions.ask("recent")) as readonly RecentRequest[],
  });
  const statistics = createStatistics(edge.wallClock, () => engine?.runs() ?? 0);
  const budget = createMemoryBudget(start.memoryBudgetBytes);
  const { settings } = config.traces;
  const tracer =
    settings &&
    createTracer({
      settings,
      scope: { name: serverName, version: serverVersion },
      now,
      wallClock: edge.wallClock,
      randomHex: edge.randomHex,
      wait: (milliseconds) => pause(milliseconds, undefined, { ref: false }),
      onLost: (spans, detail) => log.warn({ spans, detail }, "traces are not sent"),
    });
  const cors = createCors(config.corsOrigins);
  const options: AppOptions = {
    ...config,
    budget,
    state,
    engine: () => engine,
    metrics,
    recent,
    log,
    now,
    onRan(queueSeconds, runSeconds) {
      metrics.ran(queueSeconds, runSeconds);
      statistics.ran(queueSeconds, runSeconds);
    },
    onFailed: statistics.failed,
    statistics: async () => (await questions.ask("statistics")) as ModelStatistics,
    page: pages.serve,
    cors,
    tracer,
  };
  const isLast = (opened: number): boolean =>
    state.phase !== "serving" || !state.inService || isOfAge(opened, now(), config.connectionMaximumAgeSeconds);
  const onFault = (error: unknown, requestId: string): void =>
    log.error({ requestId, error }, "a request could not be handled");
  const http = createHttpServer({
    handler: createApp(options),
    answerHeaders: cors.headers,
    isLast,
    maximumConnections: start.connectionLimit,
    limits: {
      bodySeconds: config.bodySeconds,
      pooledBytes: pooledBytesBeside(budget.largestBytes, defaultLimits.pooledBytes),
    },
    now,
    newRequestId: edge.newRequestId,
    fault: onFault,
  });
  const grpc = createGrpcServer({
    service: createInferenceService(options),
    isLast,
    messageLimitBytes: Math.min(config.bodyLimitBytes, budget.largestBytes),
    openTicket: budget.open,
    limits: { pooledBytes: pooledBytesBeside(budget.largestBytes, grpcLimits.pooledBytes) },
    now,
    newRequestId: edge.newRequestId,
    isTraced: tracer !== undefined,
    onCall: (report) => tellCall(options, report),
    onFault: (id, error) => onFault(error, id),
  });

  const exchanges = (): number => http.exchanges() + grpc.exchanges();
  const allConnections = (): number => http.connections() + grpc.connections() + pages.connections();

  const tellCounts = async (): Promise<void> => {
    const counts = {
      metrics: await metrics.snapshot(),
      recent: recent.list(),
      statistics: statistics.snapshot(),
      exchanges: exchanges(),
    };
    edge.send({ kind: "counts", counts });
  };
  setInterval(() => void tellCounts(), countMilliseconds);

  const drain = async (): Promise<void> => {
    grpc.goAway();
    for (;;) {
      http.endIdle();
      grpc.endIdle();
      if (allConnections() === 0) break;
      await pause(closedMilliseconds);
    }
    await tellCounts();
    await tracer?.flush(flushMilliseconds);
    edge.exit(0);
  };

  const tellClosed = together(closedMilliseconds, (connections) => edge.send({ kind: "closed", connections }));

  edge.receive((message, socket) => {
    switch (message.kind) {
      case "connection":
        // Before anything is done with it: what its first request does to this process must not be done to another one.
        edge.send({ kind: "taken" });
        // It was reset on the way.
        if (socket === undefined) {
          tellClosed();
          return;
        }
        socket.once("close", tellClosed);
        (message.protocol === "grpc" ? grpc : http).serve(socket, message.first);
        break;
      case "state":
        state.phase = message.phase;
        state.inService = message.inService;
        break;
      case "batchRows":
        if (engine === undefined || state.model === undefined || !("useBatches" in engine)) break;
        engine.useBatches(message.rows);
        state.model = { ...state.model, batchRows: message.rows };
        break;
      case "count":
        void tellCounts();
        break;
      case "drain":
        void drain();
        break;
      case "watchlist":
        watch.watch(message);
        break;
      case "answer":
        questions.answer(message.question, message.value);
        break;
      case "start":
        break;
    }
  });

  const load = async (): Promise<void> => {
    const isAlone = (): boolean => exchanges() === 1 && allConnections() === 1;
    const loaded = await loadModel(start, edge, watch, log, isAlone);
    if (!loaded.ok) {
      edge.send({ kind: "loadFailed", reason: loaded.reason, message: loaded.message });
      return;
    }
    engine = loaded.engine;
    state.model = servedModel(config, loaded.model);
    edge.send({ kind: "loaded", model: loaded.model });
  };

  void load();
}

/** Counts calls, and tells of those together that come within some time. */
function together(milliseconds: number, tell: (calls: number) => void): () => void {
  let calls = 0;
  return () => {
    calls += 1;
    if (calls > 1) return;
    setTimeout(() => {
      tell(calls);
      calls = 0;
    }, milliseconds);
  };
}
