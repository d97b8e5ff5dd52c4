import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";
import type { Cancel, Clock } from "../clock.ts";
import { TransportError } from "../transport/errors.ts";
import { type Answer, asError, retryAfterOf } from "../transport/exchange.ts";
import { createLineSplitter } from "../transport/lines.ts";

/** An accepted watch: lines of JSON until it ends. */
export interface WatchStream {
  /** Next batch of lines; undefined at the regular end. Rejects when the stream broke, fell silent or was aborted. */
  next(): Promise<readonly string[] | undefined>;
  /** Closes the connection; may be called at any time. */
  close(): void;
}

export interface WatchOpening {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly idleMs: number;
  readonly signal: AbortSignal;
}

/** etcd takes 1.5 MiB by default and kube-apiserver 3 MiB a request; JSON may double what was stored as protobuf. */
const maxLineBytes = 8 * 1024 * 1024;
/** Above this the socket is not read until the consumer has caught up; the server then slows down or ends the watch. */
const highWaterBytes = 1024 * 1024;
/** Of an answer that is not 200 only a Status object is of interest. */
const maxRefusalBytes = 64 * 1024;

/** Resolves with the stream once the server has said 200, or with its answer when it said something else. */
export function openWatch(
  pool: Dispatcher,
  opening: WatchOpening,
  clock: Clock,
): Promise<{ readonly stream: WatchStream } | { readonly refusal: Answer }> {
  return new Promise((resolve, reject) => {
    const splitter = createLineSplitter(maxLineBytes);
    let controller: Dispatcher.DispatchController | undefined;
    let cancelIdle: Cancel | undefined;
    let lastByteAt = clock.monotonic();
    let status = 0;
    let headers: IncomingHttpHeaders = {};
    let chunks: Buffer[] = [];
    let bufferedBytes = 0;
    let end: { readonly error: Error | undefined } | undefined;
    let wake: (() => void) | undefined;

    const finish = (error: Error | undefined): void => {
      if (end !== undefined) return;
      end = { error };
      cancelIdle?.();
      opening.signal.removeEventListener("abort", onAbort);
      if (error !== undefined) {
        chunks = [];
        reject(error); // without effect once the stream was handed out: then next() tells
        if (controller !== undefined && !controller.aborted) controller.abort(error);
      }
      wake?.();
    };
    const onAbort = (): void => finish(asError(opening.signal.reason));
    const superviseFrom = (ms: number): void => {
      cancelIdle = clock.setTimeout(() => {
        const silentMs = clock.monotonic() - lastByteAt;
        if (silentMs < opening.idleMs) superviseFrom(opening.idleMs - silentMs);
        else finish(new TransportError("Timeout", `watch ${opening.path}: silent for ${Math.round(silentMs)} ms`));
      }, ms);
    };

    const next = async (): Promise<readonly string[] | undefined> => {
      for (;;) {
        if (chunks.length > 0) {
          const taken = chunks;
          chunks = [];
          bufferedBytes = 0;
          if (controller?.paused === true) controller.resume();
          const lines = taken.flatMap((chunk) => splitter.push(chunk));
          if (lines.length > 0) return lines;
          continue;
        }
        if (end !== undefined) {
          if (end.error !== undefined) throw end.error;
          if (splitter.rest() > 0) throw new TransportError("Cut", `watch ${opening.path}: ended inside an event`);
          return undefined;
        }
        await new Promise<void>((resume) => {
          wake = resume;
        });
        wake = undefined;
      }
    };

    if (opening.signal.aborted) {
      onAbort();
      return;
    }
    opening.signal.addEventListener("abort", onAbort, { once: true });
    superviseFrom(opening.idleMs);

    pool.dispatch(
      { method: "GET", path: opening.path, headers: opening.headers },
      {
        onRequestStart: (started) => {
          if (end !== undefined) throw end.error ?? new TransportError("Abandoned", "given up before it was sent");
          controller = started;
        },
        onResponseStart: (_controller, code, received) => {
          status = code;
          headers = received;
          lastByteAt = clock.monotonic();
          if (status === 200)
            resolve({ stream: { next, close: () => finish(new TransportError("Closed", "closed")) } });
        },
        onResponseData: (started, chunk) => {
          lastByteAt = clock.monotonic();
          bufferedBytes += chunk.length;
          chunks.push(chunk);
          if (status !== 200) {
            if (bufferedBytes > maxRefusalBytes)
              finish(new TransportError("TooLarge", `watch ${opening.path}: ${status}`));
            return;
          }
          if (bufferedBytes > highWaterBytes) started.pause();
          wake?.();
        },
        onResponseEnd: () => {
          if (status !== 200 && end === undefined) {
            const body = Buffer.concat(chunks, bufferedBytes).toString("utf8");
            resolve({ refusal: { status, retryAfterSeconds: retryAfterOf(headers), body } });
          }
          finish(undefined);
        },
        onResponseError: (_controller, error) => finish(error),
      },
    );
  });
}
