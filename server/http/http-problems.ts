import { badRequest, type Problem, problem } from "../errors.ts";
import { show } from "../show.ts";

/** What can go wrong with a request over HTTP/1.1 before anything behind this layer sees it. */
export const httpProblems = {
  // Of a body, as bytes.
  bodyTimedOut: (seconds: number): Problem =>
    problem({
      code: "BodyTimedOut",
      status: 408,
      message: `the body did not arrive within ${seconds} s`,
    }),
  bodyTooSlow: (bytesPerSecond: number): Problem =>
    problem({
      code: "BodyTooSlow",
      status: 408,
      message: `the body came slower than ${bytesPerSecond} bytes a second; send it faster or in smaller batches`,
    }),
  badChunks: (): Problem =>
    badRequest("BadChunks", "the chunks of the body are malformed: RFC 9112 section 7.1 says how they are written"),
  unsupportedEncoding: (encoding: string, allowed = "identity, gzip, deflate"): Problem =>
    problem({
      code: "UnsupportedEncoding",
      status: 415,
      message: `content-encoding ${show(encoding)} is not known; allowed: ${allowed}`,
    }),
  windowTooLarge: (limitBytes: number): Problem =>
    problem({
      code: "WindowTooLarge",
      status: 413,
      message: `the body was compressed with a window of more than the ${limitBytes} bytes that are allowed; use a lower level`,
    }),
  badCompression: (encoding: string): Problem =>
    badRequest("BadCompression", `the body is not what its content-encoding ${show(encoding)} says, or it is cut off`),

  // Of the head: what HTTP knows and this server does not do.
  unknownExpectation: (expectation: string): Problem =>
    problem({
      code: "UnknownExpectation",
      status: 417,
      message: `expect ${show(expectation)} cannot be met; allowed: 100-continue`,
    }),
  unknownTransferEncoding: (encoding: string): Problem =>
    problem({
      code: "UnknownTransferEncoding",
      status: 501,
      message: `transfer-encoding ${show(encoding)} is not known; allowed: chunked`,
    }),
  unsupportedVersion: (version: string): Problem =>
    problem({
      code: "UnsupportedVersion",
      status: 505,
      message: `HTTP/${version} is not spoken here; allowed: 1.0 and 1.1`,
    }),
  tunnelUnsupported: (target: string): Problem =>
    problem({
      code: "TunnelUnsupported",
      status: 501,
      message: `there is no way to ${show(target)} through this server: it is no proxy`,
    }),
  badTarget: (target: string): Problem =>
    badRequest(
      "BadTarget",
      `the target ${show(target)} is neither a path nor an http URL; send a path that begins with /`,
    ),

  // Of the connection: written straight to the socket, as there is no request to answer.
  connectionsTooMany: (limit: number): Problem =>
    problem({
      code: "TooManyConnections",
      status: 503,
      message: `${limit} connections are open and all have requests under way; try again`,
      retryAfterSeconds: 1,
    }),
  headerTooLarge: (limitBytes: number): Problem =>
    problem({
      code: "HeaderTooLarge",
      status: 431,
      message: `the request's line and headers have more than the ${limitBytes} bytes that are allowed`,
    }),
  headerTimedOut: (): Problem =>
    problem({ code: "HeaderTimedOut", status: 408, message: "the request did not arrive in time" }),
  notHttp: (): Problem => badRequest("NotHttp", "the bytes received are not an HTTP/1.1 request"),
} as const;
