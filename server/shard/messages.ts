import type { Config } from "../config.ts";
import type { FailureReason, Provider, RefusedProvider } from "../contract.ts";
import type { FileState } from "../engine/session/file-state.ts";
import type { LoneRunsSettings } from "../engine/lone-runs/add-lone-runs.ts";
import type { RecentRequest } from "../page/recent-requests.ts";
import type { ModelStatistics } from "../protocol/v2/model-statistics.ts";
import type { Phase } from "../state.ts";
import type { Signature } from "../tensor.ts";
import type { Place } from "./place.ts";

/**
 * What the supervisor and a shard say to each other over the channel between their processes. Structured clone carries
 * it: plain data, byte arrays and maps.
 */

/** First argument of a shard's process. */
export const shardCommand = "shard";
/** The second one, where there is a note of its runs. */
export const withNote = "--note";
/** In a shard, the file descriptor of that note; 3 is the channel. */
export const noteDescriptor = 4;
/** The one of the slots that say which shards run. */
export const slotsDescriptor = 5;

/** The last requests, or the model's statistics, of all shards. */
export type Question = "recent" | "statistics";

export type Protocol = "http" | "grpc";

export type ToShard =
  | StartShard
  /** With the socket itself. `first`: what was read of it. */
  | { readonly kind: "connection"; readonly protocol: Protocol; readonly first: Uint8Array }
  | { readonly kind: "state"; readonly phase: Phase; readonly inService: boolean }
  /** What the first shard has found out: one pod is to say and do one thing. */
  | { readonly kind: "batchRows"; readonly rows: number }
  /** The counts are wanted now. */
  | { readonly kind: "count" }
  /** Connections end as soon as nothing is under way on them; when all have, so does the process. */
  | { readonly kind: "drain" }
  | ({ readonly kind: "watchlist" } & Watchlist)
  /** The answer to a question. */
  | { readonly kind: "answer"; readonly question: number; readonly value: unknown };

/** What is known of inputs that crashed shards. */
export interface Watchlist {
  /** Marks of inputs that ran when a shard crashed. */
  readonly suspects: readonly number[];
  /** Digests of inputs that are not run any more, whose marks are among those of suspects. */
  readonly refused: readonly string[];
}

/** The first message. */
export interface StartShard {
  readonly kind: "start";
  readonly config: Config;
  readonly modelPath: string;
  /** The model's files stay as they are. */
  readonly isFileStable: boolean;
  /** As they were when the server began; undefined: nobody changes them. */
  readonly seenFiles: readonly FileState[] | undefined;
  /** The model with its weights packed for all shards together; undefined: each packs its own. */
  readonly packedPath: string | undefined;
  readonly place: Place;
  /** Why nothing is to be run before the first request; undefined: the model is warmed up. */
  readonly withoutWarmUp: string | undefined;
  /** Bytes that requests may hold. */
  readonly memoryBudgetBytes: number;
  /** Undefined: all runs use the same threads. */
  readonly loneRuns: LoneRunsSettings | undefined;
  readonly connectionLimit: number;
}

export type FromShard =
  /** The model is loaded and about to run on zeros, or has done so. */
  | { readonly kind: "warming"; readonly isOver: boolean }
  | { readonly kind: "loaded"; readonly model: LoadedShard }
  | { readonly kind: "loadFailed"; readonly reason: FailureReason; readonly message: string }
  /** The connection that was given longest ago is here. */
  | { readonly kind: "taken" }
  /** So many connections have ended since the last such message. */
  | { readonly kind: "closed"; readonly connections: number }
  | { readonly kind: "counts"; readonly counts: ShardCounts }
  /** It will run nothing any more, because of a run that takes longer than is allowed, or of workers that die. */
  | { readonly kind: "broken"; readonly reason: FailureReason; readonly message: string }
  | { readonly kind: "question"; readonly question: number; readonly about: Question };

export interface LoadedShard {
  readonly signature: Signature;
  readonly skippedOutputs: readonly string[];
  readonly place: Place;
  /** What runs the model. */
  readonly provider: Provider;
  /** What was tried before that. */
  readonly refusedProviders: readonly RefusedProvider[];
  /** Rows that requests which wait are run together up to; 1: none are. */
  readonly batchRows: number;
  /** Shapes that the warm-up ran with, by input. */
  readonly sampleShapes: ReadonlyMap<string, readonly number[]>;
  readonly loadSeconds: number;
  readonly warmUpSeconds: number;
  /** Why the warm-up did not run. */
  readonly refusal: string | undefined;
  /** Resident memory after the warm-up. */
  readonly memoryBytes: number;
}

export interface ShardCounts {
  /** As prom-client's `Registry.getMetricsAsJSON()` gives them. */
  readonly metrics: readonly object[];
  /** The last ones, the newest first. */
  readonly recent: readonly RecentRequest[];
  readonly statistics: ModelStatistics;
  /** Requests that were begun and not answered yet. */
  readonly exchanges: number;
}
