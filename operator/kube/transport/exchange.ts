import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";
import type { Cancel, Clock } from "../clock.ts";
import { TransportError } from "./errors.ts";

/** One request on one connection, and its whole answer, whatever its status. */
export interface Exchange {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly guard: (() => void) | undefined;
}

export interface Answer {
  readonly status: number;
  readonly retryAfterSeconds: number | undefined;
  readonly body: string;
}

/** A failed exchange. `sent` is false when certainly no byte of it reached the wire. */
export class ExchangeError extends Error {
  readonly sent: boolean;
  constructor(cause: unknown, sent: boolean) {
    super("exchange failed", { cause });
    this.sent = sent;
  }
}

/** Far above a page of 500 objects of the usual few KiB; a bound against a server gone mad, not a format's limit. */
const maxAnswerBytes = 128 * 1024 * 1024;

/**
 * Sends over the pool. Rejects with ExchangeError only. `guard` runs in the same turn of the event loop in which the
 * bytes are handed to the socket, after any wait for a connection: what it forbids is not written.
 */
export function exchange(pool: Dispatcher, request: Exchange, clock: Clock): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined;
    let settled = false;
    let cancelTimeout: Cancel | undefined;
    let status = 0;
    let headers: IncomingHttpHeaders = {};
    let bytes = 0;
    const chunks: Buffer[] = [];

    const finish = (): boolean => {
      if (settled) return false;
      settled = true;
      cancelTimeout?.();
      request.signal?.removeEventListener("abort", onAbort);
      return true;
    };
    const fail = (error: unknown): void => {
      const started = controller;
      if (finish()) reject(new ExchangeError(error, started !== undefined));
      if (started !== undefined && !started.aborted) started.abort(asError(error));
    };
    const onAbort = (): void => fail(request.signal?.reason);

    if (request.signal?.aborted === true) {
      onAbort();
      return;
    }
    request.signal?.addEventListener("abort", onAbort, { once: true });
    cancelTimeout = clock.setTimeout(
      () =>
        fail(new TransportError("Timeout", `${request.method} ${request.path}: no answer in ${request.timeoutMs} ms`)),
      request.timeoutMs,
    );

    pool.dispatch(
      { method: request.method, path: request.path, headers: request.headers, body: request.body ?? null },
      {
        onRequestStart: (started) => {
          // Given up while it waited for a connection: undici can be told only now. Nothing has been written yet.
          if (settled) throw new TransportError("Abandoned", "given up before it was sent");
          request.guard?.();
          controller = started;
        },
        onResponseStart: (_controller, code, received) => {
          status = code;
          headers = received;
        },
        onResponseData: (_controller, chunk) => {
          bytes += chunk.length;
          if (bytes > maxAnswerBytes) {
            fail(new TransportError("TooLarge", `${request.path}: answer is longer than ${maxAnswerBytes} bytes`));
            return;
          }
          chunks.push(chunk);
        },
        onResponseEnd: () => {
          if (!finish()) return;
          resolve({
            status,
            retryAfterSeconds: retryAfterOf(headers),
            body: Buffer.concat(chunks, bytes).toString("utf8"),
          });
        },
        onResponseError: (_controller, error) => fail(error),
      },
    );
  });
}

/** Seconds form only: it is what kube-apiserver sends. Anything else counts as no hint. */
export function retryAfterOf(headers: IncomingHttpHeaders): number | undefined {
  const value = headers["retry-after"];
  return value !== undefined && /^[0-9]{1,6}$/.test(value) ? Number(value) : undefined;
}

export function asError(value: unknown): Error {
  return value instanceof Error ? value : new Error(String(value));
}
