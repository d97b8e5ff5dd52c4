/**
 * What the operator and the server know of each other: environment names, ports, paths, annotations and the
 * reports a pod leaves behind. Constants and types only: the operator imports this file and nothing else of
 * `server/`, so whatever is not here can change on one side alone.
 *
 * A rendered pod template is frozen with its revision, so a pod of an older operator may read these names for as
 * long as its revision lives: a name here may be added, never given another meaning.
 */

/** First argument of the server image's entry point. */
export const commands = {
  /** Init container: download, check and unpack the model, leave a {@link FetchReport}, exit. */
  fetch: "fetch",
  /** Main container: load, warm up, serve until SIGTERM. */
  serve: "serve",
} as const;

export const environment = {
  /** Name of the ModelDeployment; the model name in every protocol's paths. */
  modelName: "SLIPWAY_MODEL_NAME",
  /** Name of the version entry; `model_version` in answers. */
  modelVersion: "SLIPWAY_MODEL_VERSION",
  /** `uri` of the version entry. Read by fetch only. */
  modelUri: "SLIPWAY_MODEL_URI",
  /** `digest` of the version entry, absent when the user gave none. Read by fetch only. */
  modelDigest: "SLIPWAY_MODEL_DIGEST",
  /** Digest that this version name was first resolved to, from the ConfigMap `<model>-versions`; absent before. */
  recordedDigest: "SLIPWAY_RECORDED_DIGEST",
  /** {@link FetchReport.pin} as it was recorded with that digest; absent where there is none. Read by fetch only. */
  recordedPin: "SLIPWAY_RECORDED_PIN",
  /** Comma-separated `host[:port]` entries that registries may be spoken to without TLS. Read by fetch only. */
  plainHttpHosts: "SLIPWAY_PLAIN_HTTP_HOSTS",
  /** PEM certificates that are trusted beside the system's when a model is downloaded. Read by fetch only. */
  certificateAuthority: "SLIPWAY_CERTIFICATE_AUTHORITY",
  /** URL of the proxy through which `http://` is reached, as every program of a network reads it. Read by fetch only. */
  httpProxy: "HTTP_PROXY",
  /** URL of the proxy through which `https://` is reached. Read by fetch only. */
  httpsProxy: "HTTPS_PROXY",
  /** Comma-separated hosts that are reached without a proxy. Read by fetch only. */
  noProxy: "NO_PROXY",
  /** Seconds that the whole download may take; {@link timing.fetchSeconds} when unset. Read by fetch only. */
  fetchTimeout: "SLIPWAY_FETCH_TIMEOUT_SECONDS",
  /** Bytes that the model's files may have together, unpacked; 64 GiB when unset. Read by fetch only. */
  fetchSizeLimit: "SLIPWAY_FETCH_SIZE_LIMIT_BYTES",
  /** Where the Secret of the source is mounted; {@link paths.credentialsDirectory} when unset. Read by fetch only. */
  credentialsDirectory: "SLIPWAY_CREDENTIALS_DIRECTORY",
  /** Name of the Secret of the source: when nothing is mounted of it, fetch says so. Read by fetch only. */
  credentialsSecret: "SLIPWAY_CREDENTIALS_SECRET",
  /** Where the claim of a `pvc://` uri is mounted; {@link paths.claimDirectory} when unset. Read by fetch only. */
  claimDirectory: "SLIPWAY_CLAIM_DIRECTORY",
  /** The container's CPU limit in whole cores, rounded up, by the downward API; decides the number of workers. */
  cpuLimit: "SLIPWAY_CPU_LIMIT",
  /** The container's memory limit, bytes; what its cgroup says when unset. Bounds what requests may hold. */
  memoryLimit: "SLIPWAY_MEMORY_LIMIT_BYTES",
  /** Worker processes, each with the model of its own; {@link environment.cpuLimit} when unset. */
  workers: "SLIPWAY_WORKERS",
  /** Threads that one prediction uses; 1 when unset. */
  intraOpThreads: "SLIPWAY_INTRA_OP_THREADS",
  /**
   * Threads of a prediction that is the only one of its pod, where that makes it faster and gives the same bits;
   * {@link environment.cpuLimit} when unset. 1: as many as of others.
   */
  loneIntraOpThreads: "SLIPWAY_LONE_INTRA_OP_THREADS",
  /**
   * What runs the model, comma-separated: the first of `cuda`, `tensorrt` and `cpu` that works. `cpu` when unset. On a GPU
   * there is one worker, unless `SLIPWAY_WORKERS` says otherwise.
   */
  providers: "SLIPWAY_PROVIDERS",
  /** Where the model lies; {@link paths.modelDirectory} when unset. */
  modelDirectory: "SLIPWAY_MODEL_DIRECTORY",
  /**
   * A folder that can be written and outlives the container: the model is kept there with its weights packed for all
   * workers together. A temporary folder, and anew at each start, when unset.
   */
  packedDirectory: "SLIPWAY_PACKED_DIRECTORY",
  /** The container's limit of ephemeral storage, bytes, which the model and its packed weights count against; unset: none. */
  diskLimit: "SLIPWAY_DISK_LIMIT_BYTES",
  /** Address that both ports listen on; every address when unset. */
  listenAddress: "SLIPWAY_LISTEN_ADDRESS",
  /** {@link ports.http} when unset; 0 takes a free one and logs it. */
  httpPort: "SLIPWAY_HTTP_PORT",
  /** gRPC; the one after {@link environment.httpPort} when unset, 0 takes a free one and logs it. */
  grpcPort: "SLIPWAY_GRPC_PORT",
  /** {@link ports.metrics} when unset; 0 takes a free one and logs it. */
  metricsPort: "SLIPWAY_METRICS_PORT",
  /** {@link paths.terminationMessage} when unset. */
  terminationMessage: "SLIPWAY_TERMINATION_MESSAGE",
  /** {@link paths.inServiceFile} when unset. */
  inServiceFile: "SLIPWAY_IN_SERVICE_FILE",
  /** Seconds, varied by ± 10 %; {@link timing.connectionMaximumAgeSeconds} when unset. */
  connectionMaximumAge: "SLIPWAY_CONNECTION_MAXIMUM_AGE_SECONDS",
  /** Seconds; {@link timing.propagationSeconds} when unset. */
  propagation: "SLIPWAY_PROPAGATION_SECONDS",
  /** The pod's `terminationGracePeriodSeconds`; {@link timing.terminationGraceSeconds} when unset. */
  terminationGrace: "SLIPWAY_TERMINATION_GRACE_SECONDS",
  /** Seconds that one run of the model may take; {@link timing.runSeconds} when unset. */
  runTimeout: "SLIPWAY_RUN_TIMEOUT_SECONDS",
  /** Seconds that a request may wait for a worker; {@link timing.queueSeconds} when unset. */
  queueTimeout: "SLIPWAY_QUEUE_TIMEOUT_SECONDS",
  /** Requests that may wait for a worker; 256 when unset. */
  queueLimit: "SLIPWAY_QUEUE_LIMIT",
  /** Rows of waiting requests that may be run together; 1: none. Unset: up to 32, as far as it is found to pay at the start. */
  batchLimit: "SLIPWAY_BATCH_LIMIT",
  /** Milliseconds that a request may wait for others to run with, where running together is found to pay; 0 when unset. */
  batchDelay: "SLIPWAY_BATCH_DELAY_MILLISECONDS",
  /** Seconds that a request's body may take to arrive; {@link timing.bodySeconds} when unset. */
  bodyTimeout: "SLIPWAY_BODY_TIMEOUT_SECONDS",
  /** Bytes that a request's body may have; 64 MiB when unset. */
  bodyLimit: "SLIPWAY_BODY_LIMIT_BYTES",
  /** Comma-separated origins whose pages may call the server from a browser (CORS), as `https://app.example.com`; `*`: all. None when unset. */
  corsOrigins: "SLIPWAY_CORS_ORIGINS",
  /** `chosen`: answers of predictions are compressed for clients that name one coding in `accept-encoding`; `any`: for all that can undo one; `none`. `chosen` when unset. */
  answerCompression: "SLIPWAY_ANSWER_COMPRESSION",
  /** pino level; `info` when unset. */
  logLevel: "SLIPWAY_LOG_LEVEL",
  /** Must be `1` before ONNX Runtime's library is loaded, or it sends telemetry (ONNX Runtime PR 27379). */
  onnxRuntimeTelemetry: "ORT_DISABLE_TELEMETRY",
} as const;

export const ports = {
  /** Predictions, model metadata, health and the page for people. */
  http: 8080,
  /** The same predictions, metadata and health over gRPC. */
  grpc: 8081,
  /** `/metrics` and `/slipway/report`: never reachable through the Service. */
  metrics: 9090,
} as const;

export const portNames = { http: "http", grpc: "grpc", metrics: "metrics" } as const;

export const paths = {
  /** emptyDir that fetch writes and serve mounts read-only. */
  modelDirectory: "/model",
  /**
   * The Secret that `source.secretRef` names, mounted into the init container alone: one file a key. Which keys are read
   * depends on the scheme of the uri (docs/reference/sources.md).
   */
  credentialsDirectory: "/etc/slipway/credentials",
  /** The claim that a `pvc://` uri names, mounted read-only into the init container alone. */
  claimDirectory: "/slipway/claim",
  /** emptyDir of the server alone, see {@link environment.packedDirectory}. */
  packedDirectory: "/packed",
  /** Folder of the downward API volume. */
  podDirectory: "/etc/slipway/pod",
  /** The file in it that holds the annotation {@link annotations.inService}; read again whenever it changes. */
  inServiceFile: "/etc/slipway/pod/in-service",
  terminationMessage: "/dev/termination-log",
  live: "/v2/health/live",
  ready: "/v2/health/ready",
  metrics: "/metrics",
  report: "/slipway/report",
} as const;

/** What the server does when its environment does not say otherwise. All in seconds. */
export const timing = {
  /** After this age a connection's next answer carries `Connection: close`, so that clients spread over new pods. */
  connectionMaximumAgeSeconds: 300,
  /** From SIGTERM on, new connections are accepted this long, while every node learns that the endpoint is gone. */
  propagationSeconds: 5,
  /** Kubernetes' own default; the server has ended before it is over. */
  terminationGraceSeconds: 30,
  /** The whole download: 64 GiB at 20 MB/s, a slow registry. */
  fetchSeconds: 3600,
  runSeconds: 30,
  queueSeconds: 10,
  bodySeconds: 60,
} as const;

export const annotations = {
  /**
   * On a pod, by the operator. `"false"`: no longer in service, so every kept-alive connection gets one more answer
   * with `Connection: close`, and the pod stays warm. Absent, empty or anything else: in service.
   */
  inService: "slipway.dev/in-service",
} as const;

/** Kubernetes cuts a termination message at 4096 bytes; a report is trimmed to stay valid JSON below that. */
export const terminationMessageBytes = 4096;

/** What runs a model, by the names of ONNX Runtime's execution providers in onnxruntime-node. */
export const providers = ["cuda", "tensorrt", "cpu"] as const;

export type Provider = (typeof providers)[number];

/** A provider that was asked for and does not work. */
export interface RefusedProvider {
  readonly provider: Provider;
  /** For people: what is missing, and what to do. */
  readonly message: string;
}

/** Where in a version's life a failure happened. `Schedule` is found by the operator, never reported by a pod. */
export type Stage = "Download" | "Load" | "Schedule" | "Serve";

/** Reasons that a pod can report. A permanent one is not tried again with the same revision. */
export const failureReasons = {
  // Download, worth another try: the other side may change.
  NotFound: { permanent: false },
  Unauthorized: { permanent: false },
  SourceUnavailable: { permanent: false },
  TimedOut: { permanent: false },
  OutOfDisk: { permanent: false },
  // Download, permanent: the same revision can only fail again.
  UnsupportedSource: { permanent: true },
  NoMatchingManifest: { permanent: true },
  TooLarge: { permanent: true },
  DigestMismatch: { permanent: true },
  VersionReused: { permanent: true },
  UnsafeArchive: { permanent: true },
  NotAModel: { permanent: true },
  TruncatedModel: { permanent: true },
  UnsupportedOpset: { permanent: true },
  // Load.
  LoadFailed: { permanent: true },
  OutOfMemory: { permanent: false },
  /** A GPU or its driver: another node may have what this one lacks, and this one may be mended. */
  ProviderUnavailable: { permanent: false },
  // Serve.
  EngineStuck: { permanent: false },
  Crashed: { permanent: false },
  InvalidConfiguration: { permanent: true },
} as const satisfies Record<string, { permanent: boolean }>;

export type FailureReason = keyof typeof failureReasons;

/** Termination message of an init container that succeeded. */
export interface FetchReport {
  readonly ok: true;
  readonly stage: "Download";
  /** `sha256:<64 hex digits>`: OCI manifest digest; sha256 of one file; or of the sorted lines `sha256 size path`. */
  readonly digest: string;
  readonly bytes: number;
  readonly seconds: number;
  /** `sha256:` over the model's inputs and outputs (name, element type, dims) in canonical JSON. */
  readonly signature: string;
  /**
   * What names these bytes at the source for good, where the uri does not and the digest cannot be asked for: the commit
   * of an `hf://` repository, the version id of an `s3://` object. At most {@link pinCharacters}.
   */
  readonly pin?: string;
  /** For people: what is no failure now and may be one later, such as a tag that leads to other bytes by now. */
  readonly warning?: string;
}

/** Of a pin: a version id of S3 has up to 1,024 (Amazon S3, "How S3 Versioning works"). */
export const pinCharacters = 1024;

/** Termination message of any container that could not do its work. */
export interface FailureReport {
  readonly ok: false;
  readonly stage: Exclude<Stage, "Schedule">;
  readonly reason: FailureReason;
  /** For people: the offending value, what is allowed, what to do. Never a path of the pod, never a stack. */
  readonly message: string;
  readonly logTail?: string;
}

export type PodReport = FetchReport | FailureReport;

/** Body of `GET /slipway/report` on the metrics port, once the model is loaded. */
export interface ServeReport {
  readonly model: string;
  readonly version: string;
  readonly ready: boolean;
  readonly inService: boolean;
  readonly loadSeconds: number;
  readonly warmUpSeconds: number;
  /** Resident memory after warm-up. */
  readonly memoryBytes: number;
  readonly workers: number;
  /** Rows of waiting requests that are run together, as measured; 1: none are. */
  readonly batchRows: number;
  /** What runs the model. */
  readonly provider: Provider;
  /** What was asked for before it and does not work here. */
  readonly refusedProviders: readonly RefusedProvider[];
  /** The newest first, the last {@link reportedCrashes} of the last hour. */
  readonly repeatedCrashes: readonly CrashReport[];
}

/** Inputs that crashed the engine, did it again when they came again, and are refused since, for an hour. */
export interface CrashReport {
  /** Id of the request that crashed it last. */
  readonly requestId: string;
  /** SHA-256 of the inputs, in hexadecimal: the same for equal inputs, over whatever protocol they came. */
  readonly inputs: string;
  /** For people: how the process ended. */
  readonly message: string;
  readonly secondsAgo: number;
}

/** In one report. */
export const reportedCrashes = 8;
