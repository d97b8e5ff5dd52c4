import type { Clock } from "./clock.ts";
import type { Credentials } from "./credentials.ts";
import type { Metrics } from "./metrics.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface TransportRequest {
  readonly method: Method;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly contentType?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** May be sent again after a reset, when it is unknown whether the first one was done. Default: GET and PUT only. */
  readonly idempotent?: boolean;
  /** Called right before the bytes of each attempt leave; what it throws is thrown by the request. */
  readonly guard?: () => void;
}

export interface WatchRequest {
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** A watch that brings no byte for so long is taken for dead and ends with a TransportError `Timeout`. */
  readonly idleMs: number;
  readonly signal: AbortSignal;
}

export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: unknown;
}

export interface Transport {
  /** Parsed JSON of a 2xx answer. Throws ApiError, TransportError or the signal's reason. */
  request<T>(request: TransportRequest): Promise<T>;
  /**
   * Events until the server ends the stream (the generator returns) or it breaks (it throws). `opened` is called
   * once the server has accepted the watch. Leaving the loop closes the connection.
   */
  watch(request: WatchRequest, opened?: () => void): AsyncGenerator<WatchEvent, void, undefined>;
  /** Ends what is in flight and closes every socket. */
  close(): Promise<void>;
}

export interface TransportOptions {
  readonly server: string;
  readonly credentials: Credentials;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly metrics: Metrics;
  readonly userAgent: string;
  /** Connections for requests; watches have their own beside them. */
  readonly connections?: number;
}

export declare function createTransport(options: TransportOptions): Transport;
