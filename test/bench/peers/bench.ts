import type { Report } from "../../cluster/report.ts";
import type { Model } from "./model.ts";
import type { Peer } from "./peer.ts";
import type { PeerSources } from "./peers.ts";
import type { PeerProcess } from "./process/peer-process.ts";
import type { Protocol } from "./wire/request.ts";

/** What every part of the bench is given. */
export interface Bench {
  readonly sources: PeerSources;
  readonly peers: readonly Peer[];
  readonly models: readonly Model[];
  readonly protocols: readonly Protocol[];
  readonly connections: readonly number[];
  /** How often everything is measured; each time, all peers in turn, the next time in the opposite order. */
  readonly pairs: number;
  /** Of one window. */
  readonly seconds: number;
  /** For the files of this run; removed with it. */
  readonly scratch: string;
  /** What runs now, for whoever has to end it. */
  readonly running: Set<PeerProcess>;
  /** Aborted: nothing more is started. */
  readonly signal: AbortSignal;
  readonly report: Report;
}

/** Something that could not be measured. */
export interface Problem {
  readonly peer: string;
  readonly what: string;
  readonly why: string;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
