import type { Problem } from "../errors.ts";

/** Status codes of gRPC that this server answers with (grpc/grpc, doc/statuscodes.md). */
export const statusCodes = {
  ok: 0,
  /** Never sent: the client has gone. In metrics and logs only. */
  cancelled: 1,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
} as const;

export type StatusCode = (typeof statusCodes)[keyof typeof statusCodes];

/** Of all codes there are, in their order from 0 (same document). */
export const statusNames: readonly string[] = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
];

/** Where HTTP's status alone would mislead: a gRPC client decides by the code whether to send a call again. */
const byCode: Readonly<Record<string, StatusCode>> = {
  // The same call finds no more memory the next time: unlike `Overloaded`, it is not for sending again unchanged.
  OutOfMemory: statusCodes.resourceExhausted,
  UnknownMethod: statusCodes.unimplemented,
};

const byStatus: Readonly<Record<number, StatusCode>> = {
  400: statusCodes.invalidArgument,
  404: statusCodes.notFound,
  405: statusCodes.unimplemented,
  408: statusCodes.deadlineExceeded,
  413: statusCodes.resourceExhausted,
  415: statusCodes.unimplemented,
  422: statusCodes.invalidArgument,
  431: statusCodes.resourceExhausted,
  500: statusCodes.internal,
  501: statusCodes.unimplemented,
  503: statusCodes.unavailable,
  504: statusCodes.deadlineExceeded,
};

/** The status code that says what `problem` says. One that no table knows is our own fault. */
export function statusOf(problem: Problem): StatusCode {
  return byCode[problem.code] ?? byStatus[problem.status] ?? statusCodes.internal;
}

/** Trailers of an answer that is a problem. The problem's stable name is there for programs. */
export function problemTrailers(problem: Problem): Record<string, string> {
  const trailers: Record<string, string> = {
    "grpc-status": String(statusOf(problem)),
    "grpc-message": statusMessage(problem.message),
    "problem-code": problem.code,
  };
  if (problem.retryAfterSeconds !== undefined) {
    trailers["grpc-retry-pushback-ms"] = String(problem.retryAfterSeconds * 1000);
  }
  return trailers;
}

/** Clients commonly take 8 KiB of trailers in all. */
const maximumMessageBytes = 1024;

/**
 * `message` as grpc-message has it (grpc/grpc, doc/PROTOCOL-HTTP2.md, "Status-Message"): UTF-8, with whatever is not
 * printable ASCII, and the percent sign, written as %XX. What is too long is cut between characters.
 */
export function statusMessage(message: string): string {
  let encoded = "";
  for (const character of message) {
    const part = /[ -$&-~]/.test(character) ? character : percentEncoded(character);
    if (encoded.length + part.length > maximumMessageBytes) break;
    encoded += part;
  }
  return encoded;
}

function percentEncoded(character: string): string {
  let encoded = "";
  for (const byte of Buffer.from(character, "utf8")) {
    encoded += `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}
