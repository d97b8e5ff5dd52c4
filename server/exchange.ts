import type { IncomingMessage, ServerResponse } from "node:http";
import type { Problem } from "./errors.ts";

/** One request and the answer to it. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Of the client's `x-request-id`, or made here. In the answer and in every log line about it. */
  readonly id: string;
  /** Monotonic, milliseconds. */
  readonly started: number;
  /** Template of the path, for metrics and logs; known once the path is resolved. */
  route: string;
  /** Given back to the budget when the exchange is over. */
  bodyBytes: number;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The connection cannot go on, whatever its age. */
  readonly isLast?: boolean;
}

const json = "application/json";

/** The rest of such a request would be taken for the next one. */
const requestTimeout = 408;

export function problemAnswer(problem: Problem): Answer {
  const headers: Record<string, string> = {};
  if (problem.allow !== undefined) headers["allow"] = problem.allow;
  if (problem.retryAfterSeconds !== undefined) headers["retry-after"] = String(problem.retryAfterSeconds);
  return { status: problem.status, body: problemJson(problem), headers, isLast: problem.status === requestTimeout };
}

export function problemJson({ code, message }: Problem): string {
  return JSON.stringify({ error: message, code });
}

/** A client that is still sending gets this long to read the answer before its connection is cut. */
const lingerMilliseconds = 5000;

/** Writes the answer. With `isLast` the connection ends after it. */
export function writeAnswer({ request, response, id }: Exchange, answer: Answer, isLast: boolean): void {
  if (response.destroyed) return;
  const headers: Record<string, string | number> = {
    ...answer.headers,
    "content-type": answer.contentType ?? json,
    "content-length": Buffer.byteLength(answer.body),
    "x-request-id": id,
  };
  const rest = unreadBody(request);
  const isEnd = isLast || answer.isLast === true || rest === "large";
  if (isEnd) headers["connection"] = "close";
  response.writeHead(answer.status, headers);
  if (isEnd && rest !== "none") linger(request, response, answer.body);
  // As a string: Node sends it in one piece with the head then.
  else response.end(answer.body);
}

/** Node reads what is left of a body before the next request on the connection; up to here that is worth it. */
const readOverBytes = 64 * 1024;

function unreadBody({ complete, headers }: IncomingMessage): "none" | "small" | "large" {
  const length = Number(headers["content-length"] ?? 0);
  const isChunked = headers["transfer-encoding"] !== undefined;
  if (complete || (length === 0 && !isChunked)) return "none";
  // A client that asked with `Expect` may send its body or not: nobody can tell where the next request begins.
  return isChunked || length > readOverBytes || headers.expect !== undefined ? "large" : "small";
}

/**
 * Closing a socket with unread bytes in it resets the connection, and the client may lose the answer. So the answer
 * goes out at once, the rest of the body is thrown away, and then the connection ends.
 */
function linger(request: IncomingMessage, response: ServerResponse, body: string): void {
  response.write(body);
  const timer = setTimeout(() => request.socket.destroy(), lingerMilliseconds);
  request.once("end", () => response.end());
  request.once("close", () => clearTimeout(timer));
  request.resume();
}
