import { arch } from "node:os";
import { destination, pino } from "pino";
import { environment as names, type PodReport, paths } from "../contract.ts";
import { quote, readConfiguration } from "./configuration.ts";
import { type Failure, failure, isFailure, toFailure } from "./failure.ts";
import { fetchFile } from "./file-source.ts";
import { defaultLimits, type FetchLimits } from "./limits.ts";
import { type FetchLog, keepTail } from "./log.ts";
import { openModelDirectory } from "./model-directory.ts";
import { fetchOci } from "./oci-source.ts";
import { checkModel } from "./onnx/check-model.ts";
import { createProgress } from "./progress.ts";
import { checkDemand, checkDigest } from "./record.ts";
import { writeReport } from "./report.ts";
import type { Source } from "./source.ts";

/** What a test, or another host than Kubernetes, puts in place of the defaults. */
export interface FetchOptions {
  readonly limits?: Partial<FetchLimits>;
  readonly log?: FetchLog;
  /** Monotonic, in milliseconds. */
  readonly now?: () => number;
  /** Ends the fetch early, as SIGTERM does. */
  readonly signal?: AbortSignal;
  /** Node's name of the processor architecture. */
  readonly architecture?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

type Context = Required<Omit<FetchOptions, "limits">> & { readonly limits: FetchLimits };

const sources: Readonly<Record<string, Source>> = { oci: fetchOci, file: fetchFile };

/** Node's names of architectures that differ from the ones in OCI image indexes. */
const ociArchitectures: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386" };

/**
 * The init container: downloads the model that the environment names into the model directory, checks it, and leaves a
 * report in the termination message. Returns the exit code: 0 when the model is there and may be loaded, 1 otherwise.
 */
export async function runFetch(environment: Environment, options: FetchOptions = {}): Promise<number> {
  const { log, tail } = keepTail(options.log ?? createLog(environment[names.logLevel]));
  const limits = { ...defaultLimits, ...options.limits };
  const deadline = AbortSignal.timeout(limits.totalMilliseconds);
  const context: Context = {
    limits,
    log,
    now: options.now ?? (() => performance.now()),
    signal: options.signal === undefined ? deadline : AbortSignal.any([deadline, options.signal]),
    architecture: options.architecture ?? arch(),
  };
  let report: PodReport;
  try {
    report = await fetchModel(environment, context);
    log.info({ report }, "the model is complete");
  } catch (error) {
    const { reason, message } = explain(error, context, deadline, options.signal);
    const unforeseen = isFailure(error) ? {} : { error: error instanceof Error ? error.stack : String(error) };
    log.error({ reason, ...unforeseen }, message);
    const logTail = tail();
    report = { ok: false, stage: "Download", reason, message, ...(logTail === "" ? {} : { logTail }) };
  }
  await writeReport(environment[names.terminationMessage] || paths.terminationMessage, report);
  return report.ok ? 0 : 1;
}

async function fetchModel(environment: Environment, context: Context): Promise<PodReport> {
  const { limits, log, now, signal, architecture } = context;
  const started = now();
  const configuration = readConfiguration(environment);
  const { uri } = configuration;
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//.exec(uri)?.[1] ?? "";
  const source = Object.hasOwn(sources, scheme) ? sources[scheme] : undefined;
  if (source === undefined) {
    throw failure(
      "UnsupportedSource",
      `The uri ${quote(uri)} has a scheme that is not known. Use one of ${Object.keys(sources)
        .map((known) => `${known}://`)
        .join(", ")}.`,
    );
  }
  checkDemand(configuration);

  const directory = await openModelDirectory(configuration.modelDirectory, limits);
  const digest = await source({
    uri,
    directory,
    limits,
    signal,
    log,
    onBytes: createProgress(log, now),
    checkDigest: (found) => checkDigest(configuration, found),
    plainHttpHosts: configuration.plainHttpHosts,
    certificateAuthority: configuration.certificateAuthority,
    architecture: ociArchitectures[architecture] ?? architecture,
  });
  const files = directory.files();
  const signature = checkModel(configuration.modelDirectory, files);
  const bytes = [...files.values()].reduce((sum, { size }) => sum + size, 0);
  return { ok: true, stage: "Download", digest, bytes, seconds: Math.round(now() - started) / 1000, signature };
}

/** The failure to report: a deadline or a stop shows itself as some aborted operation, which says nothing by itself. */
function explain(error: unknown, { limits }: Context, deadline: AbortSignal, stop: AbortSignal | undefined): Failure {
  if (deadline.aborted) {
    return failure(
      "TimedOut",
      `The download took longer than the ${limits.totalMilliseconds / 1000} s that are allowed.`,
    );
  }
  if (stop?.aborted === true) return failure("SourceUnavailable", "The download was stopped before its end.");
  return toFailure(error);
}

/** One JSON line each, written at once: the process ends right after the last. */
function createLog(level: string | undefined): FetchLog {
  const known = level !== undefined && Object.hasOwn(pino.levels.values, level);
  return pino({ level: known ? level : "info", base: { step: "fetch" } }, destination({ dest: 1, sync: true }));
}
