import type { WriteLine } from "../log.ts";
import type { ServedModel } from "../state.ts";

/** What `main.ts` takes from the process. */
export interface ServeEdge {
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly availableCores: number;
  /** Of the machine, those that a cpuset leaves, whatever the time is limited to; left out, a limit is taken as it is. */
  readonly nodeCores?: number;
  readonly pid: number;
  /** Runs a shard when its first argument is `shard`. */
  readonly script: URL;
  /** Aborted by SIGTERM. */
  readonly terminated: AbortSignal;
  /** Aborted right before the process ends without waiting for anything. */
  readonly abandoned: AbortSignal;
  /** Resident memory, bytes. */
  readonly memoryBytes: () => number;
  /** Monotonic, milliseconds. */
  readonly now: () => number;
  readonly newRequestId: () => string;
  /** Takes the log, one JSON line with its line feed at a time, instead of standard output. */
  readonly writeLog?: WriteLine;
  /** The graph's file, where it is known; left out, it is found in the model directory. */
  readonly modelPath?: string;
  /** Called once, when predictions are taken. */
  readonly onServing?: (serving: Serving) => void;
}

/** What is served, and on which ports. */
export interface Serving {
  readonly model: ServedModel;
  readonly httpPort: number;
  readonly grpcPort: number;
  readonly metricsPort: number;
}
