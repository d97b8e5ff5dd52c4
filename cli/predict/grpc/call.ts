import { type ClientHttp2Stream, connect, constants, type IncomingHttpHeaders } from "node:http2";
import type { Duplex } from "node:stream";
import { errorCode } from "../../../server/fetch/failure.ts";
import { failed, isComplaint } from "../../complaint.ts";
import { longestAnswerBytes, stepsOf } from "../exchange.ts";

/** A connection of HTTP/2. */
export interface Session {
  readonly request: (path: string, headers: Readonly<Record<string, string>>) => ClientHttp2Stream;
  /** Whether another call may be begun on it. */
  readonly isUsable: () => boolean;
  /** Why it broke: its streams are told less. */
  readonly broken: () => Error | undefined;
  readonly close: () => void;
}

export interface MessageOptions {
  /** For messages. */
  readonly shown: string;
  /** Of one call, from its first byte to its last. */
  readonly timeoutSeconds: number;
  readonly interrupted: AbortSignal;
  readonly onSent: (bytes: number) => void;
}

/** What came back, whatever its status. */
export interface CallAnswer {
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly body: Buffer<ArrayBuffer>;
}

/** What a server may send before we have read it: an answer of 600 KB comes in one go. */
const windowBytes = 16 * 1024 * 1024;

/** Begins HTTP/2 on an open connection. */
export function openSession(
  stream: Duplex,
  { authority, isTls }: { readonly authority: string; readonly isTls: boolean },
): Session {
  const session = connect(`${isTls ? "https" : "http"}://${authority}`, {
    createConnection: () => stream,
    settings: { initialWindowSize: windowBytes, enablePush: false },
  });
  let broken: Error | undefined;
  const onBroken = (error: Error): void => {
    broken ??= error;
  };
  stream.on("error", onBroken);
  session.on("error", onBroken);
  session.once("connect", () => session.setLocalWindowSize(windowBytes));
  return {
    request(path, headers) {
      const request = session.request({ ":method": "POST", ":path": path, ...headers });
      // Its own comes before the connection's.
      request.on("error", onBroken);
      return request;
    },
    isUsable: () => !session.closed && !session.destroyed,
    broken: () => broken,
    close() {
      session.destroy();
      stream.destroy();
    },
  };
}

/** A call of gRPC with a message each way (grpc/grpc, doc/PROTOCOL-HTTP2.md). Throws a complaint when none came about. */
export async function exchangeMessages(
  session: Session,
  path: string,
  message: readonly Uint8Array[],
  { shown, timeoutSeconds, interrupted, onSent }: MessageOptions,
): Promise<CallAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<CallAnswer>();
  const request = session.request(path, {
    "content-type": "application/grpc",
    te: "trailers",
    "grpc-timeout": `${timeoutSeconds}S`,
  });
  const chunks: Buffer[] = [];
  let size = 0;
  let headers: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders = {};
  let failure: Error | undefined;
  const giveUp = (error: Error): void => {
    failure ??= error;
    request.close(constants.NGHTTP2_CANCEL);
  };
  const onAbort = (): void => giveUp(failed("interrupted"));
  interrupted.addEventListener("abort", onAbort, { once: true });
  // The server keeps the deadline that it is told; this one is for whoever does not.
  const late = `${shown} did not answer in time: give it longer with --timeout SECONDS`;
  const timer = setTimeout(() => giveUp(failed(late)), (timeoutSeconds + 1) * 1000);
  request.on("response", (given) => (headers = given));
  request.on("trailers", (given) => (trailers = given));
  request.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > longestAnswerBytes) giveUp(failed(`the answer has more than ${longestAnswerBytes} bytes`));
    else chunks.push(chunk);
  });
  request.once("close", () => {
    clearTimeout(timer);
    interrupted.removeEventListener("abort", onAbort);
    if (failure !== undefined) reject(failure);
    else if (isAnswered(headers, trailers)) resolve({ headers, trailers, body: Buffer.concat(chunks) });
    else if (request.rstCode === constants.NGHTTP2_REFUSED_STREAM) reject(refusedError(shown));
    else reject(brokenComplaint(session.broken(), shown));
  });
  void write(request, message, onSent);
  return promise;
}

/** The server, or Node in its place, has not begun the call (RFC 9113, 8.7): it may be sent again as it is. */
export function wasRefused(error: unknown): boolean {
  return error instanceof Error && refusals.has(error);
}

const refusals = new WeakSet<Error>();

function refusedError(shown: string): Error {
  const error = failed(`${shown} refuses calls: it is about to end, or has too many of them`);
  refusals.add(error);
  return error;
}

/**
 * A server may refuse a call before it has read all of it, and says why in what it has sent by then. What is no answer of
 * gRPC is told by its status; one of gRPC without a status was cut off.
 */
function isAnswered(headers: IncomingHttpHeaders, trailers: IncomingHttpHeaders): boolean {
  const isGrpc = String(headers["content-type"]).startsWith("application/grpc");
  const hasStatus = trailers["grpc-status"] !== undefined || headers["grpc-status"] !== undefined;
  return isGrpc ? hasStatus : headers[":status"] !== undefined;
}

/** Ends with the call, whatever became of it. */
async function write(
  request: ClientHttp2Stream,
  message: readonly Uint8Array[],
  onSent: (bytes: number) => void,
): Promise<void> {
  const closed = new Promise<false>((resolve) => request.once("close", () => resolve(false)));
  for (const step of stepsOf(message)) {
    const isTaken = await Promise.race([
      closed,
      new Promise<boolean>((resolve) => request.write(step, (error) => resolve(error == null))),
    ]);
    if (!isTaken) return;
    onSent(step.length);
  }
  request.end();
}

/** A server of HTTP/1.1 answers the first bytes of HTTP/2 with text, which breaks the connection. */
function brokenComplaint(error: Error | undefined, shown: string): Error {
  if (error !== undefined && isComplaint(error)) return error;
  if (errorCode(error) === "ERR_HTTP2_ERROR") {
    return failed(
      `${shown} does not speak HTTP/2, which gRPC goes by: Slipway's server does on its port for HTTP and on the next one, other servers on one of their own`,
      error,
    );
  }
  return failed(`${shown} cut the connection: is it a server of gRPC? https:// takes TLS, http:// none`, error);
}
