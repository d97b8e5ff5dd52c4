import { availableParallelism } from "node:os";
import { join } from "node:path";
import { environment } from "../../../server/contract.ts";
import type { ImageStart } from "../image-start.ts";
import { environmentPython, type PythonEnvironment } from "./install/python-environments.ts";
import type { Peer } from "./peer.ts";
import type { Protocol } from "./wire/request.ts";

/** What peers are started from. */
export interface PeerSources {
  /** Slipway's server as its image starts it. */
  readonly image: ImageStart;
  /** What `install` has filled. */
  readonly folder: string;
}

/** As many as the machine has cores, in every peer that can: workers with one thread each, or one with so many threads. */
const cores = availableParallelism();
/** Largest batch, in every peer that has batching. */
const batch = 32;

const v2 = {
  json: { kind: "v2-json" },
  binary: { kind: "v2-binary" },
  grpc: { kind: "v2-grpc" },
} as const satisfies Readonly<Record<Protocol, unknown>>;
const ownJson = { json: { kind: "own-json" } } as const;
const v2Ready = "/v2/health/ready";

/** The product first, then the floors, then the peers, each without and with its batching where it has one. */
export function benchPeers(sources: PeerSources): readonly Peer[] {
  const { folder } = sources;
  return [
    slipway("slipway", sources),
    slipway(leftOutQuickly, sources, { [environment.workers]: "1" }),
    floor("node", 1),
    floor("node-2", 2),
    // No batching of its own.
    ...python({ folder, product: "fastapi", dialects: ownJson, readyPath: "/health", workers: cores }),
    ...python({
      folder,
      product: "mlserver",
      dialects: { json: v2.json, grpc: v2.grpc },
      readyPath: v2Ready,
      // In the server's process: quicker here than its workers, to which it copies each request.
      workers: 0,
      threads: cores,
      batching: { json: v2.json, grpc: v2.grpc },
    }),
    // Its batching is not part of the SDK: on a cluster it is a container beside.
    ...python({ folder, product: "kserve", dialects: v2, readyPath: v2Ready, workers: 1, threads: cores }),
    ...python({
      folder,
      product: "litserve",
      dialects: ownJson,
      readyPath: "/health",
      workers: cores,
      batching: ownJson,
    }),
    ...python({
      folder,
      product: "bentoml",
      dialects: { json: { kind: "own-json", key: "inputs" } },
      readyPath: "/readyz",
      workers: cores,
      batching: ownJson,
    }),
    ...python({
      folder,
      product: "triton",
      dialects: v2,
      readyPath: v2Ready,
      workers: cores,
      batching: v2,
    }),
  ];
}

/** A second start of Slipway: to be read beside the first, but no goal needs it. */
export const leftOutQuickly = "slipway-w1";

/** With another number of workers, of which each would have the model, for the memory that they share. */
export function slipwayOf(workers: number, sources: PeerSources): Peer {
  return slipway(workersName(workers), sources, { [environment.workers]: String(workers) });
}

export function workersName(workers: number): string {
  return `slipway with ${workers} worker${workers === 1 ? "" : "s"}`;
}

/** The image's defaults in a container without a CPU limit, but for what `settings` says. */
function slipway(name: string, { image }: PeerSources, settings: Readonly<Record<string, string>> = {}): Peer {
  return {
    name,
    product: "slipway",
    kind: "slipway",
    isBatching: false,
    dialects: v2,
    readyPath: v2Ready,
    command: ({ modelName, modelFile, http, grpc, metrics, scratch }) => {
      const [program = "", ...parameters] = image.command;
      return {
        program,
        parameters,
        environment: {
          ...image.environment,
          [environment.modelName]: modelName,
          [environment.modelVersion]: "v1",
          [environment.modelDirectory]: join(modelFile, ".."),
          [environment.listenAddress]: "127.0.0.1",
          [environment.httpPort]: String(http),
          [environment.grpcPort]: String(grpc),
          [environment.metricsPort]: String(metrics),
          [environment.terminationMessage]: join(scratch, "termination-log"),
          [environment.inServiceFile]: join(scratch, "in-service"),
          // No endpoint leads to it that would have to be forgotten first.
          [environment.propagation]: "0",
          ...settings,
        },
      };
    },
  };
}

function floor(name: string, processes: number): Peer {
  return {
    name,
    product: "node",
    kind: "floor",
    isBatching: false,
    dialects: { json: v2.json, binary: v2.binary },
    readyPath: v2Ready,
    command: ({ modelFile, http }) => ({
      program: process.execPath,
      parameters: [
        "--disable-warning=ExperimentalWarning",
        join(import.meta.dirname, "servers", "node-server.ts"),
        `--model=${modelFile}`,
        `--port=${http}`,
        `--processes=${processes}`,
      ],
      environment: { NODE_ENV: "production" },
    }),
  };
}

/** The Python environment that a product runs in; undefined for what needs none. */
export function environmentOf(product: string): PythonEnvironment["name"] | undefined {
  return pythonProducts[product];
}

const pythonProducts: Readonly<Record<string, PythonEnvironment["name"]>> = {
  fastapi: "kserve",
  mlserver: "mlserver",
  kserve: "kserve",
  litserve: "kserve",
  bentoml: "bentoml",
  triton: "triton",
};

interface PythonPeer {
  readonly folder: string;
  readonly product: string;
  readonly dialects: Peer["dialects"];
  readonly readyPath: string;
  readonly workers: number;
  readonly threads?: number;
  /** How it is spoken to with its batching; undefined where it has none. */
  readonly batching?: Peer["dialects"];
}

function python({ folder, product, readyPath, workers, threads = 1, ...spoken }: PythonPeer): readonly Peer[] {
  const one = (name: string, dialects: Peer["dialects"], largestBatch: number): Peer => ({
    name,
    product,
    kind: "product",
    isBatching: largestBatch > 0,
    dialects,
    readyPath,
    command: ({ modelName, modelFile, http, grpc, metrics, scratch }) => ({
      program: environmentPython(folder, environmentOf(product) ?? "kserve"),
      parameters: [
        join(import.meta.dirname, "servers", `${product}_server.py`),
        `--model=${modelFile}`,
        `--name=${modelName}`,
        `--http-port=${http}`,
        `--grpc-port=${grpc}`,
        `--metrics-port=${metrics}`,
        `--workers=${workers}`,
        `--threads=${threads}`,
        `--batch=${largestBatch}`,
        `--scratch=${scratch}`,
      ],
      // The scripts lie in the repository, where nothing is to be left; some peers write below HOME.
      environment: { PYTHONDONTWRITEBYTECODE: "1", PYTHONUNBUFFERED: "1", HOME: scratch },
    }),
  });
  const plain = one(product, spoken.dialects, 0);
  return spoken.batching === undefined ? [plain] : [plain, one(`${product}-batch`, spoken.batching, batch)];
}
