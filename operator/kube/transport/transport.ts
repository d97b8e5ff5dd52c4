import { type Clock, sleep } from "../clock.ts";
import { createConnections } from "./connections.ts";
import type { Credentials } from "./credentials.ts";
import { jsonBody } from "./json-body.ts";
import { ApiError, busyServerMs, LostLeaseError, TransportError } from "./errors.ts";
import { type Answer, ExchangeError, asError, exchange } from "./exchange.ts";
import type { Metrics } from "../metrics.ts";
import { apiErrorOf, parseJson } from "./status.ts";
import { openWatch } from "../watch/watch-stream.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface TransportRequest {
  readonly method: Method;
  readonly path: string;
  readonly query?: Query;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** `application/json` when left out. */
  readonly contentType?: string;
  /** Of each attempt; a default by method when left out. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** May be sent again when it is unknown whether the last one was done. When left out: GET and PUT. */
  readonly idempotent?: boolean;
  /** Called right before the bytes of each attempt leave; what it throws is thrown by the request. */
  readonly guard?: () => void;
}

export interface WatchRequest {
  readonly path: string;
  readonly query?: Query;
  /** A watch that brings no byte for so long is taken for dead and ends with a TransportError `Timeout`. */
  readonly idleMs: number;
  readonly signal: AbortSignal;
}

export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: unknown;
}

export interface Transport {
  /** Parsed JSON of a 2xx answer. Throws ApiError, TransportError, what the guard threw, or the signal's reason. */
  request<T>(request: TransportRequest): Promise<T>;
  /**
   * Events until the server ends the stream (the generator returns) or it breaks (it throws). `opened` is called
   * once the server has accepted the watch. Leaving the loop closes the connection. No retries: its user knows best
   * where to go on.
   */
  watch(request: WatchRequest, opened?: () => void): AsyncGenerator<WatchEvent, void, undefined>;
  /** Ends what is in flight with errors and closes every socket. */
  close(): Promise<void>;
}

export interface TransportOptions {
  /** `https://host:port`, or `http://` for a proxy on loopback. */
  readonly server: string;
  readonly credentials: Credentials;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly metrics: Metrics;
  /** Names this client in the audit log and to API Priority and Fairness. */
  readonly userAgent: string;
  /** Connections for requests; watches have their own beside them. */
  readonly connections?: number;
}

/** More than one worker can use at a time with the default of four, and few enough for an API server with many clients. */
const defaultConnections = 8;
/** Reads may be a page of a list from etcd; the API's objective for lists is 30 s. */
const readTimeoutMs = 30_000;
/** The API's objective for writes is 1 s; admission webhooks may add up to 10 s. */
const writeTimeoutMs = 15_000;
/** Then the caller's own backoff, which other keys do not wait for, is the better place to wait. */
const maxAttempts = 3;
/** A server that asks for a longer pause gets it from the caller's backoff, which blocks no worker. */
const longestPauseMs = 2_000;
/** After a reset: long enough for an API server behind a load balancer to be taken out, short for a user. */
const resetPauseMs = 50;

export function createTransport(options: TransportOptions): Transport {
  const { clock, credentials, metrics, random, userAgent } = options;
  const connections = createConnections(options.server, options.connections ?? defaultConnections);
  const closed = new AbortController();

  const prepare = async (): Promise<{ pools: ReturnType<typeof connections.for>; headers: Record<string, string> }> => {
    const [tls, authorization] = await Promise.all([credentials.tls(), credentials.authorization()]);
    if (closed.signal.aborted) throw closed.signal.reason;
    const headers: Record<string, string> = { accept: "application/json", "user-agent": userAgent };
    if (authorization !== undefined) headers["authorization"] = authorization;
    return { pools: connections.for(tls), headers };
  };

  /** Counts every attempt, answered or not. */
  const attempt = async (request: TransportRequest, body: string | undefined): Promise<Answer> => {
    const { pools, headers } = await prepare();
    if (body !== undefined) headers["content-type"] = request.contentType ?? "application/json";
    const startedAt = clock.monotonic();
    let code = "<error>";
    try {
      const answer = await exchange(
        pools.requests,
        {
          method: request.method,
          path: withQuery(request.path, request.query),
          headers,
          body,
          timeoutMs: request.timeoutMs ?? (request.method === "GET" ? readTimeoutMs : writeTimeoutMs),
          signal: request.signal,
          guard: request.guard,
        },
        clock,
      );
      code = String(answer.status);
      return answer;
    } catch (error) {
      // When a network swallows packets every pooled connection is dead; one time limit is enough to learn it.
      if (error instanceof ExchangeError && isTimeout(error.cause)) connections.suspect(pools.requests);
      throw error;
    } finally {
      metrics.request(request.method, code, (clock.monotonic() - startedAt) / 1000);
    }
  };

  const request = async <T>(wanted: TransportRequest): Promise<T> => {
    const idempotent = wanted.idempotent ?? (wanted.method === "GET" || wanted.method === "PUT");
    const body = wanted.body === undefined ? undefined : jsonBody(wanted.body);
    for (let attempts = 1; ; attempts++) {
      let failure: unknown;
      let pauseMs: number | undefined;
      try {
        const answer = await attempt(wanted, body);
        if (answer.status >= 200 && answer.status < 300) return parseJson(answer.body, wanted.path) as T;
        failure = apiErrorOf(answer, wanted.method, wanted.path);
        pauseMs = pauseBeforeRepeat(answer, idempotent);
      } catch (error) {
        failure = error instanceof ExchangeError ? failureOf(error.cause, wanted) : error;
        if (error instanceof ExchangeError && isReset(failure) && (idempotent || !error.sent)) {
          pauseMs = resetPauseMs * 2 ** (attempts - 1);
        }
      }
      if (pauseMs === undefined || pauseMs > longestPauseMs || attempts >= maxAttempts) throw failure;
      metrics.requestRetried(wanted.method, failure instanceof ApiError ? String(failure.status) : "<error>");
      // Never earlier than asked; later by up to half, so that those who were refused together do not return together.
      await sleep(clock, pauseMs * (1 + random() / 2), wanted.signal);
    }
  };

  async function* watch(wanted: WatchRequest, opened?: () => void): AsyncGenerator<WatchEvent, void, undefined> {
    const { pools, headers } = await prepare();
    const startedAt = clock.monotonic();
    const path = withQuery(wanted.path, wanted.query);
    const opening = { path, headers, idleMs: wanted.idleMs, signal: wanted.signal };
    let code = "<error>";
    let accepted: Awaited<ReturnType<typeof openWatch>>;
    try {
      accepted = await openWatch(pools.watches, opening, clock);
      code = "refusal" in accepted ? String(accepted.refusal.status) : "200";
    } catch (error) {
      throw failureOf(error, { method: "GET", path: wanted.path, signal: wanted.signal });
    } finally {
      metrics.request("WATCH", code, (clock.monotonic() - startedAt) / 1000);
    }
    if ("refusal" in accepted) throw apiErrorOf(accepted.refusal, "GET", wanted.path);
    const { stream } = accepted;
    try {
      opened?.();
      for (let lines = await stream.next(); lines !== undefined; lines = await stream.next()) {
        for (const line of lines) yield parseJson(line, wanted.path) as WatchEvent;
      }
    } catch (error) {
      throw failureOf(error, { method: "GET", path: wanted.path, signal: wanted.signal });
    } finally {
      stream.close();
    }
  }

  return {
    request,
    watch,
    close: async () => {
      closed.abort(new TransportError("Closed", "the connection to the API server was closed by this process"));
      await connections.destroy();
    },
  };
}

/** Undefined: do not repeat. 429 and a 503 with Retry-After say that nothing was done, so any verb may be repeated. */
function pauseBeforeRepeat(answer: Answer, idempotent: boolean): number | undefined {
  const askedMs = answer.retryAfterSeconds === undefined ? undefined : answer.retryAfterSeconds * 1000;
  if (answer.status === 429) return Math.max(askedMs ?? 0, busyServerMs);
  if (answer.status === 503) {
    if (askedMs !== undefined) return Math.max(askedMs, busyServerMs);
    return idempotent ? busyServerMs : undefined;
  }
  return undefined;
}

/** A broken or refused connection, as opposed to a time limit, an abort or a refusal of our own. */
function isReset(failure: unknown): boolean {
  return failure instanceof TransportError && resetCodes.has(failure.code);
}

function isTimeout(failure: unknown): boolean {
  return failure instanceof TransportError && failure.code === "Timeout";
}

const resetCodes = new Set([
  "ECONNRESET",
  "ECONNREFUSED",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EAI_AGAIN",
  "UND_ERR_SOCKET",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** What the caller sees: its own abort and our own refusals as they are, everything else as a TransportError. */
function failureOf(cause: unknown, request: Pick<TransportRequest, "method" | "path" | "signal">): unknown {
  if (request.signal?.aborted === true && cause === request.signal.reason) return cause;
  if (cause instanceof TransportError || cause instanceof LostLeaseError || cause instanceof ApiError) return cause;
  const error = asError(cause);
  const code = "code" in error && typeof error.code === "string" ? error.code : error.name;
  return new TransportError(code, `${request.method} ${request.path}: ${messageOf(error)}`, { cause: error });
}

/** Node.js leaves the message empty when several addresses of a name were tried: each has one of its own. */
function messageOf(error: Error): string {
  return error instanceof AggregateError ? error.errors.map((one) => asError(one).message).join("; ") : error.message;
}

function withQuery(path: string, query: Query | undefined): string {
  if (query === undefined) return path;
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  return parameters.size === 0 ? path : `${path}?${parameters.toString()}`;
}
