import { arch } from "node:os";
import { destination, pino } from "pino";
import { environment as names, type PodReport, paths } from "../contract.ts";
import { fetchClaim } from "./sources/claim-source.ts";
import { type FetchConfiguration, quote, readConfiguration } from "./configuration.ts";
import { checkSecret, openCredentials } from "./sources/credentials.ts";
import { failure, isFailure, toFailure } from "./failure.ts";
import { fetchFile } from "./sources/file-source.ts";
import { fetchHub } from "./sources/hub-source.ts";
import { fetchHttp } from "./sources/http-source.ts";
import { defaultLimits, type FetchLimits } from "./limits.ts";
import { type FetchLog, keepTail } from "./log.ts";
import { openModelDirectory } from "./model/model-directory.ts";
import { fetchOci } from "./sources/oci-source.ts";
import { checkModel } from "./onnx/check-model.ts";
import { createProgress } from "./progress.ts";
import { checkDemand, checkDigest, knownBytes } from "./model/record.ts";
import { writeReport } from "./report.ts";
import { fetchS3 } from "./sources/s3-source.ts";
import type { Environment, Source, SourceRequest } from "./sources/source.ts";

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
  /** Told of every piece that arrives; negative for what has to come once more. */
  readonly onBytes?: (bytes: number) => void;
  /** Told how many bytes there are to come, where the source says so. */
  readonly onTotal?: (bytes: number) => void;
}

const sources: Readonly<Record<string, Source>> = {
  oci: fetchOci,
  file: fetchFile,
  https: fetchHttp,
  http: fetchHttp,
  s3: fetchS3,
  hf: fetchHub,
  pvc: fetchClaim,
};

/** Node's names of architectures that differ from the ones in OCI image indexes. */
const ociArchitectures: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386" };

/**
 * The init container: downloads the model that the environment names into the model directory, checks it, and leaves a
 * report in the termination message. Returns the exit code: 0 when the model is there and may be loaded, 1 otherwise.
 */
export async function runFetch(environment: Environment, options: FetchOptions = {}): Promise<number> {
  const { log, tail } = keepTail(options.log ?? createLog(environment[names.logLevel]));
  let report: PodReport;
  try {
    const configuration = readConfiguration(environment);
    const limits = { ...defaultLimits, ...configuration.limits, ...options.limits };
    report = await fetchInTime(configuration, limits, environment, { ...options, log });
    log.info({ report }, "the model is complete");
  } catch (error) {
    const { reason, message } = toFailure(error);
    const unforeseen = isFailure(error) ? {} : { error: error instanceof Error ? error.stack : String(error) };
    log.error({ reason, ...unforeseen }, message);
    const logTail = tail();
    report = { ok: false, stage: "Download", reason, message, ...(logTail === "" ? {} : { logTail }) };
  }
  await writeReport(environment[names.terminationMessage] || paths.terminationMessage, report);
  return report.ok ? 0 : 1;
}

/** A deadline or a stop shows itself as some aborted operation, which says nothing by itself. */
async function fetchInTime(
  configuration: FetchConfiguration,
  limits: FetchLimits,
  environment: Environment,
  {
    signal: stop,
    log,
    now = () => performance.now(),
    architecture,
    onBytes,
    onTotal,
  }: FetchOptions & { readonly log: FetchLog },
): Promise<PodReport> {
  const deadline = AbortSignal.timeout(limits.totalMilliseconds);
  const signal = stop === undefined ? deadline : AbortSignal.any([deadline, stop]);
  const told = onBytes ?? createProgress(log, now);
  let fruitlessSince: number | undefined = now();
  try {
    return await fetchModel(configuration, {
      environment,
      limits,
      signal,
      log,
      now,
      architecture: architecture ?? arch(),
      onBytes: (bytes) => {
        fruitlessSince = undefined;
        told(bytes);
      },
      fruitlessSince: () => fruitlessSince,
      onTotal: onTotal ?? (() => undefined),
    });
  } catch (error) {
    if (deadline.aborted) {
      throw failure(
        "TimedOut",
        `The download took longer than the ${limits.totalMilliseconds / 1000} s that are allowed. Raise source.timeoutSeconds if that is meant.`,
      );
    }
    if (stop?.aborted === true) throw failure("SourceUnavailable", "The download was stopped before its end.");
    throw error;
  }
}

async function fetchModel(
  configuration: FetchConfiguration,
  context: Pick<
    SourceRequest,
    "environment" | "limits" | "signal" | "log" | "now" | "architecture" | "onBytes" | "fruitlessSince" | "onTotal"
  >,
): Promise<PodReport> {
  const { limits, now, architecture } = context;
  const started = now();
  const { uri } = configuration;
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//.exec(uri)?.[1] ?? "";
  const source = Object.hasOwn(sources, scheme) ? sources[scheme] : undefined;
  if (source === undefined) {
    const known = Object.keys(sources).map((name) => `${name}://`);
    throw failure(
      "UnsupportedSource",
      // Not the uri itself: one for another kind of client may hold a password.
      `The uri has ${scheme === "" ? "no scheme" : `the scheme ${quote(scheme)}, which is not known`}. Use one of ${known.join(", ")}.`,
    );
  }
  checkDemand(configuration);
  await checkSecret(configuration.credentialsDirectory, configuration.credentialsSecret);

  const directory = await openModelDirectory(configuration.modelDirectory, limits);
  const { digest, pin, warning } = await source({
    ...context,
    uri,
    directory,
    known: knownBytes(configuration),
    checkDigest: (found, gone) => checkDigest(configuration, found, gone),
    credentials: openCredentials(configuration.credentialsDirectory),
    claimDirectory: configuration.claimDirectory,
    proxies: configuration.proxies,
    plainHttpHosts: configuration.plainHttpHosts,
    certificateAuthority: configuration.certificateAuthority,
    architecture: ociArchitectures[architecture] ?? architecture,
  });
  const files = directory.files();
  const signature = checkModel(configuration.modelDirectory, files);
  const bytes = [...files.values()].reduce((sum, { size }) => sum + size, 0);
  if (warning !== undefined) context.log.warn({}, warning);
  const seconds = Math.round(now() - started) / 1000;
  const told = { ...(pin === undefined ? {} : { pin }), ...(warning === undefined ? {} : { warning }) };
  return { ok: true, stage: "Download", digest, bytes, seconds, signature, ...told };
}

/** One JSON line each, written at once: the process ends right after the last. */
function createLog(level: string | undefined): FetchLog {
  const known = level !== undefined && Object.hasOwn(pino.levels.values, level);
  return pino({ level: known ? level : "info", base: { step: "fetch" } }, destination({ dest: 1, sync: true }));
}
