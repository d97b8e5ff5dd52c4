import { destination, type Logger, pino } from "pino";
import { createAdmin } from "./admin.ts";
import { createApp } from "./app.ts";
import { createBodyBudget } from "./body.ts";
import { type Config, readConfig } from "./config.ts";
import { createConnections } from "./connections.ts";
import { environment, type FailureReport, paths, type ServeReport } from "./contract.ts";
import { drain } from "./drain.ts";
import { createEngine } from "./engine/engine.ts";
import { createListener, isListenError, listen } from "./listener.ts";
import { loadModel } from "./load.ts";
import { createMetrics } from "./metrics.ts";
import { locateModel } from "./model.ts";
import { createRecentRequests } from "./page/recent-requests.ts";
import { createPages } from "./pages.ts";
import { watchService } from "./service.ts";
import type { ServedModel, ServerState } from "./state.ts";
import { leaveReport, notLoaded } from "./termination.ts";

/** What `main.ts` takes from the process. */
export interface ServeEdge {
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly availableCores: number;
  /** Started as a worker thread, runs the engine's worker. */
  readonly script: URL;
  /** Aborted by SIGTERM. */
  readonly terminated: AbortSignal;
  /** Resident memory, bytes. */
  readonly memoryBytes: () => number;
  /** Monotonic, milliseconds. */
  readonly now: () => number;
  readonly random: () => number;
  readonly newRequestId: () => string;
  /** Takes the log, one JSON line with its line feed at a time, instead of standard output. */
  readonly writeLog?: (line: string) => void;
  /** The graph's file, where it is known; left out, it is found in the model directory. */
  readonly modelPath?: string;
  /** Called once, when predictions are taken. */
  readonly onServing?: (serving: Serving) => void;
}

/** What is served, and on which ports. */
export interface Serving {
  readonly model: ServedModel;
  readonly httpPort: number;
  readonly metricsPort: number;
}

export interface ServeResult {
  readonly code: 0 | 1;
  /** A thread is inside a native call, so the process cannot end in the usual way. */
  readonly isThreadLost: boolean;
}

/** All bodies under way together, in bodies of the largest size. */
const bodiesAtOnce = 4;

/**
 * The main container: listens, loads the model, warms it up, turns ready, serves until SIGTERM or until something
 * breaks that only a new process mends. Leaves a report in the termination message when it could not do its work.
 */
export async function runServe(edge: ServeEdge): Promise<ServeResult> {
  const read = readConfig(edge.variables, edge.availableCores);
  if (!read.ok) {
    const log = createLog("info", edge.writeLog);
    const path = edge.variables[environment.terminationMessage] ?? paths.terminationMessage;
    await leaveReport(path, notLoaded("InvalidConfiguration", read.message), log);
    return { code: 1, isThreadLost: false };
  }
  const { config } = read;
  return serve(
    config,
    edge,
    createLog(config.logLevel, edge.writeLog).child({ model: config.modelName, version: config.modelVersion }),
  );
}

async function serve(config: Config, edge: ServeEdge, log: Logger): Promise<ServeResult> {
  const { now } = edge;
  const state: ServerState = { phase: "loading", inService: true, model: undefined };
  const located =
    edge.modelPath === undefined
      ? await locateModel(config.modelDirectory)
      : ({ ok: true, path: edge.modelPath } as const);
  if (!located.ok) {
    await leaveReport(config.terminationMessagePath, notLoaded("NotAModel", located.message), log);
    return { code: 1, isThreadLost: false };
  }

  const { promise: broken, resolve: breakDown } = Promise.withResolvers<FailureReport>();
  const engine = createEngine({
    script: edge.script,
    modelPath: located.path,
    workers: config.workers,
    intraOpThreads: config.intraOpThreads,
    queueLimit: config.queueLimit,
    queueSeconds: config.queueSeconds,
    runSeconds: config.runSeconds,
    now,
    onFault(message) {
      metrics.workerReplaced();
      log.error({ detail: message }, "a worker died and is being replaced");
    },
    onFatal(failure) {
      const stage = state.phase === "loading" ? "Load" : "Serve";
      state.phase = "failed";
      breakDown({ ok: false, stage, ...failure });
    },
  });
  const connections = createConnections(
    { maximumAgeSeconds: config.connectionMaximumAgeSeconds, now, random: edge.random },
    state,
  );
  const metrics = createMetrics({
    model: config.modelName,
    version: config.modelVersion,
    queued: engine.queued,
    workers: engine.usable,
    inFlight: connections.inFlight,
    connections: connections.count,
    isReady: () => state.phase === "serving",
    isInService: () => state.inService,
  });
  const recent = createRecentRequests(now);
  const app = createApp({
    ...config,
    body: {
      limitBytes: config.bodyLimitBytes,
      seconds: config.bodySeconds,
      budget: createBodyBudget(bodiesAtOnce * config.bodyLimitBytes),
    },
    state,
    engine,
    connections,
    metrics,
    log,
    now,
    newRequestId: edge.newRequestId,
    recent,
    page: createPages(state, recent, config.bodyLimitBytes),
  });
  const server = createListener({ app, connections, bodySeconds: config.bodySeconds });
  let report: Omit<ServeReport, "ready" | "inService"> | undefined;
  const admin = createAdmin({
    metrics,
    report: () => report && { ...report, ready: state.phase === "serving", inService: state.inService },
  });
  const watch = watchService({
    file: config.inServiceFile,
    onChange(inService) {
      state.inService = inService;
      log.info({ inService }, inService ? "in service" : "out of service: connections end with their next answer");
    },
    onError: (error) => log.warn({ error }, "the in-service file cannot be read; the last state holds"),
  });

  const terminated = new Promise<undefined>((resolve) => {
    if (edge.terminated.aborted) resolve(undefined);
    edge.terminated.addEventListener("abort", () => resolve(undefined), { once: true });
  });

  try {
    const httpPort = await listen(server, config.httpPort, config.listenAddress);
    const metricsPort = await listen(admin, config.metricsPort, config.listenAddress);
    log.info({ httpPort, metricsPort, workers: config.workers }, "listening");

    const loading = loadModel({ engine, config, state, log, now, memoryBytes: edge.memoryBytes });
    const loaded = await Promise.race([loading, terminated]);
    if (loaded === undefined) {
      log.info("stopped while the model was loading");
      return { code: 0, isThreadLost: true };
    }
    if (!loaded.ok) {
      await leaveReport(config.terminationMessagePath, loaded.report, log);
      return { code: 1, isThreadLost: !(await engine.close()) };
    }
    report = loaded.report;
    if (state.model !== undefined) edge.onServing?.({ model: state.model, httpPort, metricsPort });

    const failure = await Promise.race([broken, terminated]);
    if (failure === undefined) {
      state.phase = "draining";
      log.info({ propagationSeconds: config.propagationSeconds }, "draining");
    } else {
      await leaveReport(config.terminationMessagePath, failure, log);
    }
    const isComplete = await drain({
      server,
      connections,
      propagationSeconds: config.propagationSeconds,
      graceSeconds: config.terminationGraceSeconds,
    });
    if (isComplete) log.info("drained");
    else log.warn("the grace period is over: connections were cut");
    return { code: failure === undefined ? 0 : 1, isThreadLost: !(await engine.close()) };
  } catch (error) {
    if (!isListenError(error)) throw error;
    const message = `Port ${error.port} cannot be listened on (${error.code}). Choose another, or stop what uses it.`;
    await leaveReport(config.terminationMessagePath, notLoaded("InvalidConfiguration", message), log);
    return { code: 1, isThreadLost: false };
  } finally {
    server.closeAllConnections();
    server.close();
    watch.stop();
    admin.close();
    admin.closeAllConnections();
  }
}

/** One JSON line each, written at once: the process may end right after one. */
function createLog(level: string, write: ServeEdge["writeLog"]): Logger {
  return pino(
    { level, base: null, errorKey: "error" },
    write === undefined ? destination({ dest: 1, sync: true }) : { write },
  );
}
