import type { Logger } from "pino";
import type { Engine } from "../engine/run.ts";
import type { Exchange } from "../http/handler.ts";
import type { RecentRequests } from "../page/recent-requests.ts";
import type { ModelStatistics } from "../protocol/v2/model-statistics.ts";
import type { ServerState } from "../state.ts";
import type { Tracer } from "../trace/tracer.ts";
import type { CompressionMode } from "./http/answer-coding.ts";
import type { Cors } from "./http/cors.ts";
import type { MemoryBudget } from "./memory-budget.ts";
import type { ShardMetrics } from "./metrics.ts";

/** What the protocols of a shard share: the model, the engine, what requests may cost, and where they are told of. */
export interface AppOptions {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly queueLimit: number;
  readonly queueSeconds: number;
  readonly runSeconds: number;
  readonly bodyLimitBytes: number;
  readonly answerCompression: CompressionMode;
  readonly budget: MemoryBudget;
  readonly state: Readonly<ServerState>;
  /** Undefined until the model is loaded. */
  readonly engine: () => Engine | undefined;
  readonly metrics: ShardMetrics;
  readonly recent: RecentRequests;
  readonly log: Logger;
  /** Monotonic, milliseconds. */
  readonly now: () => number;
  /** A request was run. */
  readonly onRan: (queueSeconds: number, runSeconds: number) => void;
  /** A request came as far as the model and could not be run. */
  readonly onFailed: () => void;
  /** Of all shards. */
  readonly statistics: () => Promise<ModelStatistics>;
  readonly cors: Cors;
  /** Undefined: nothing is traced. */
  readonly tracer: Tracer | undefined;
  /** Pages for people: takes the connection over, and says with which status it has answered. */
  readonly page: (exchange: Exchange, answered: (status: number) => void) => void;
}
