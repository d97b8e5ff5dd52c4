import type { BufferPool } from "../bytes/buffer-pool.ts";
import type { Connection } from "./connection.ts";
import type { AnswerHeaders, Handler } from "./handler.ts";
import type { IdleParsers } from "./request/head-reader.ts";
import type { SharedReads } from "./shared-reads.ts";
import type { HttpLimits } from "./limits.ts";

/** What the connections of a server share. */
export interface ConnectionContext {
  readonly handler: Handler;
  readonly isLast: (opened: number) => boolean;
  /** Monotonic, milliseconds. */
  readonly now: () => number;
  readonly newRequestId: () => string;
  readonly fault: (error: unknown, requestId: string) => void;
  readonly answerHeaders: AnswerHeaders;
  readonly limits: HttpLimits;
  readonly pool: BufferPool;
  readonly parsers: IdleParsers;
  readonly reads: SharedReads;
  readonly connections: Set<Connection>;
  /** Those that wait for a request, the one that has waited longest first. */
  readonly idle: Set<Connection>;
  /** Milliseconds for which the process was awake, see http-server.ts. */
  awake: number;
  /** The header line of this second. */
  date: string;
  /** Begun and not over. */
  exchanges: number;
}
