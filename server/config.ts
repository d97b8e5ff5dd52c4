import { readCorsOrigins } from "./cors-origins.ts";
import { type CompressionMode, compressionModes } from "./shard/http/answer-coding.ts";
import { readTraceEnvironment, type TraceEnvironment } from "./trace/trace-settings.ts";
import { environment as names, paths, ports, type Provider, providers, timing } from "./contract.ts";

export interface Config {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly modelDirectory: string;
  /** Undefined: none is set. */
  readonly diskLimitBytes: number | undefined;
  /** Undefined: a temporary one. */
  readonly packedDirectory: string | undefined;
  /** Undefined: every address, of IPv6 too where the node has it. */
  readonly listenAddress: string | undefined;
  readonly httpPort: number;
  readonly grpcPort: number;
  readonly metricsPort: number;
  readonly terminationMessagePath: string;
  readonly inServiceFile: string;
  /** Shards: processes, each with a session of its own. */
  readonly workers: number;
  /** Threads that one run uses. */
  readonly intraOpThreads: number;
  /** Threads of a run that is the only one in the pod, where that pays; not above the others': all runs use the same. */
  readonly loneIntraOpThreads: number;
  /** What runs the model: the first that works. */
  readonly providers: readonly Provider[];
  /** Undefined: what the cgroup says. */
  readonly memoryLimitBytes: number | undefined;
  /** Rows that may be run together, where that pays at all. */
  readonly batchLimit: number;
  /** How long a request may wait for others to run with. */
  readonly batchDelayMilliseconds: number;
  readonly queueLimit: number;
  readonly queueSeconds: number;
  readonly runSeconds: number;
  readonly bodyLimitBytes: number;
  readonly bodySeconds: number;
  readonly connectionMaximumAgeSeconds: number;
  readonly propagationSeconds: number;
  readonly terminationGraceSeconds: number;
  readonly logLevel: string;
  /** As browsers write them; `*` alone: every one. */
  readonly corsOrigins: readonly string[];
  readonly answerCompression: CompressionMode;
  readonly traces: TraceEnvironment;
}

type Variables = Readonly<Record<string, string | undefined>>;

export type ConfigResult =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly message: string };

/** Each worker holds the model once more; a node's core count, which stands for "no limit", must not multiply memory. */
const maximumWorkers = 16;
/** Who says a number has counted the memory. */
const mostWorkers = 64;
const mostIntraOpThreads = 64;
/** What is measured at the start goes no further. */
const mostBatchRows = 32;
/** Longer, and a lone request's delay is no longer one that a batch can make up for. */
const longestBatchDelayMilliseconds = 1000;
const defaultQueueLimit = 256;
/** What Triton allows as well: four pictures of 2048 x 2048 x 3 FP32 do not fit, a batch of 100 of 224 x 224 does. */
const defaultBodyLimitBytes = 64 * 1024 * 1024;
const longestSeconds = 86_400;

const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

/**
 * Reads the environment that `contract.ts` names. The message of a refusal lists every mistake.
 *
 * @param availableCores where the environment says no limit.
 * @param nodeCores what a limit can use at the most: it may be above what the node has, or what a cpuset leaves.
 */
export function readConfig(variables: Variables, availableCores: number, nodeCores = Infinity): ConfigResult {
  const mistakes: string[] = [];
  const text = (name: string, fallback?: string): string => {
    const value = variables[name]?.trim() || fallback;
    if (value === undefined) mistakes.push(`${name} is missing`);
    return value ?? "";
  };
  const number = (name: string, fallback: number, low: number, high: number, isWhole = true): number => {
    const written = variables[name]?.trim();
    if (written === undefined || written === "") return fallback;
    const value = Number(written);
    const fits = Number.isFinite(value) && value >= low && value <= high && (!isWhole || Number.isInteger(value));
    if (!fits) {
      const kind = isWhole ? "a whole number" : "a number";
      mistakes.push(`${name} is ${JSON.stringify(written.slice(0, 80))}; it must be ${kind} from ${low} to ${high}`);
    }
    return value;
  };
  const seconds = (name: string, fallback: number, low = 0): number =>
    number(name, fallback, low, longestSeconds, false);

  const logLevel = text(names.logLevel, "info");
  if (!(logLevels as readonly string[]).includes(logLevel)) {
    mistakes.push(`${names.logLevel} is ${JSON.stringify(logLevel)}; it must be one of ${logLevels.join(", ")}`);
  }
  const cors = readCorsOrigins(variables[names.corsOrigins] ?? "");
  if (!cors.ok) mistakes.push(`${names.corsOrigins} ${cors.mistake}`);
  const compression = text(names.answerCompression, "chosen");
  const answerCompression = compressionModes.find((mode) => mode === compression);
  if (answerCompression === undefined) {
    const written = JSON.stringify(compression.slice(0, 80));
    mistakes.push(`${names.answerCompression} is ${written}; it must be one of ${compressionModes.join(", ")}`);
  }
  const cores = Math.min(number(names.cpuLimit, availableCores, 1, 4096, false), nodeCores);
  const modelName = text(names.modelName);
  const modelVersion = text(names.modelVersion);
  const chosen = readProviders(variables[names.providers], mistakes);
  const threads = threadsFor(chosen, cores);
  const httpPort = number(names.httpPort, ports.http, 0, 65_535);
  const config: Config = {
    modelName,
    modelVersion,
    modelDirectory: text(names.modelDirectory, paths.modelDirectory),
    diskLimitBytes: number(names.diskLimit, 0, 0, Number.MAX_SAFE_INTEGER) || undefined,
    packedDirectory: variables[names.packedDirectory]?.trim() || undefined,
    listenAddress: variables[names.listenAddress]?.trim() || undefined,
    httpPort,
    grpcPort: number(names.grpcPort, httpPort === 0 ? 0 : httpPort + 1, 0, 65_535),
    metricsPort: number(names.metricsPort, ports.metrics, 0, 65_535),
    terminationMessagePath: text(names.terminationMessage, paths.terminationMessage),
    inServiceFile: text(names.inServiceFile, paths.inServiceFile),
    workers: number(names.workers, threads.workers, 1, mostWorkers),
    intraOpThreads: number(names.intraOpThreads, threads.intraOpThreads, 1, mostIntraOpThreads),
    loneIntraOpThreads: number(names.loneIntraOpThreads, threads.loneIntraOpThreads, 1, mostIntraOpThreads),
    providers: chosen,
    queueLimit: number(names.queueLimit, defaultQueueLimit, 0, 100_000),
    queueSeconds: seconds(names.queueTimeout, timing.queueSeconds, 0.001),
    memoryLimitBytes: number(names.memoryLimit, 0, 0, Number.MAX_SAFE_INTEGER) || undefined,
    batchLimit: number(names.batchLimit, mostBatchRows, 1, mostBatchRows),
    batchDelayMilliseconds: number(names.batchDelay, 0, 0, longestBatchDelayMilliseconds, false),
    runSeconds: seconds(names.runTimeout, timing.runSeconds, 0.001),
    bodyLimitBytes: number(names.bodyLimit, defaultBodyLimitBytes, 1, 1024 ** 3),
    bodySeconds: seconds(names.bodyTimeout, timing.bodySeconds, 0.001),
    connectionMaximumAgeSeconds: seconds(names.connectionMaximumAge, timing.connectionMaximumAgeSeconds, 0.001),
    propagationSeconds: seconds(names.propagation, timing.propagationSeconds),
    terminationGraceSeconds: seconds(names.terminationGrace, timing.terminationGraceSeconds, 1),
    logLevel,
    corsOrigins: cors.ok ? cors.origins : [],
    answerCompression: answerCompression ?? "none",
    traces: readTraceEnvironment(variables, {
      "service.name": modelName,
      "service.version": modelVersion,
    }),
  };
  if (config.propagationSeconds >= config.terminationGraceSeconds) {
    mistakes.push(
      `${names.propagation} (${config.propagationSeconds}) must be less than ${names.terminationGrace} (${config.terminationGraceSeconds})`,
    );
  }
  if (mistakes.length > 0) return { ok: false, message: `The server cannot start: ${mistakes.join("; ")}.` };
  return { ok: true, config: Object.freeze(config) };
}

/** Whatever stands behind `cpu` would never be tried, as that always works. */
function readProviders(written: string | undefined, mistakes: string[]): readonly Provider[] {
  const chosen = (written ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  if (chosen.length === 0) return ["cpu"];
  const known = chosen.filter(isProvider);
  if (known.length < chosen.length || new Set(known).size < known.length) {
    const shown = JSON.stringify((written ?? "").slice(0, 80));
    mistakes.push(`${names.providers} is ${shown}; it must be each once, by commas, of ${providers.join(", ")}`);
  } else if (known.indexOf("cpu") !== -1 && known.indexOf("cpu") < known.length - 1) {
    mistakes.push(`${names.providers} is ${known.join(",")}; cpu must be the last, as nothing is tried after it`);
  }
  return known;
}

function isProvider(name: string): name is Provider {
  return (providers as readonly string[]).includes(name);
}

/**
 * On a CPU a worker for each core. A GPU runs what one worker gives it, in batches, and every other would hold the model and
 * the libraries once more; where that worker ends up on the CPU after all, it uses all cores.
 */
function threadsFor(
  [first]: readonly Provider[],
  cores: number,
): Pick<Config, "workers" | "intraOpThreads" | "loneIntraOpThreads"> {
  const whole = Math.min(Math.max(1, Math.floor(cores)), maximumWorkers);
  return first === "cpu"
    ? { workers: whole, intraOpThreads: 1, loneIntraOpThreads: whole }
    : { workers: 1, intraOpThreads: whole, loneIntraOpThreads: whole };
}
