import { constants, type ServerHttp2Stream } from "node:http2";
import type { Problem } from "../../errors.ts";
import { problemTrailers, type StatusCode, statusCodes, statusOf } from "../status.ts";
import { completeFrame } from "../wire/message-frame.ts";
import { acceptedEncodings } from "./inflate.ts";

/** The answering side of a call. Once the client has gone, or an end was written, nothing is written any more. */
export interface AnswerStream {
  /** The client has gone, or the call is over. */
  readonly isGone: () => boolean;
  /** What the call ends with, as soon as that is decided. */
  readonly code: () => StatusCode | undefined;
  /** A message. False: the client reads too slowly for another, and `drain` of the stream will say when it may come. */
  readonly message: (pieces: readonly Uint8Array[]) => boolean;
  /** Status OK, after the last message. */
  readonly end: () => void;
  /** The only message, and status OK. */
  readonly only: (pieces: readonly Uint8Array[]) => void;
  readonly refuse: (problem: Problem) => void;
  /** For who speaks no gRPC: a status and a body of HTTP. */
  readonly refuseAsHttp: (problem: Problem) => void;
}

/** gRPC has no use for a date. */
const withTrailers = { waitForTrailers: true, sendDate: false };
const withoutMessages = { endStream: true, sendDate: false };
const okTrailers: Readonly<Record<string, string>> = { "grpc-status": String(statusCodes.ok) };

export function createAnswerStream(stream: ServerHttp2Stream, id: string): AnswerStream {
  let code: StatusCode | undefined;
  let hasBegun = false;

  const isGone = (): boolean => stream.destroyed || stream.closed;
  const isOver = (): boolean => code !== undefined || isGone();

  const begin = (): void => {
    if (hasBegun) return;
    hasBegun = true;
    stream.respond({ ":status": 200, "content-type": "application/grpc", "x-request-id": id }, withTrailers);
  };

  const trailAfterMessages = (trailers: Readonly<Record<string, string>>): void => {
    stream.once("wantTrailers", () => {
      if (!isGone()) stream.sendTrailers(trailers);
    });
  };

  /** What still comes of the request is not wanted: the client may stop sending (RFC 9113, 8.1). */
  const stopReading = (): void => {
    if (!stream.readableEnded) stream.close(constants.NGHTTP2_NO_ERROR);
  };

  return {
    isGone,
    code: () => code,
    message(pieces) {
      if (isOver()) return true;
      begin();
      completeFrame(pieces);
      let isFlowing = true;
      for (const piece of pieces) isFlowing = stream.write(piece);
      return isFlowing;
    },
    end() {
      if (isOver()) return;
      begin();
      code = statusCodes.ok;
      trailAfterMessages(okTrailers);
      stream.end();
    },
    only(pieces) {
      if (isOver()) return;
      begin();
      code = statusCodes.ok;
      trailAfterMessages(okTrailers);
      completeFrame(pieces);
      const [first] = pieces;
      if (pieces.length === 1) {
        stream.end(first);
        return;
      }
      // Held back, so that all of it goes to the connection at once.
      stream.cork();
      for (const piece of pieces) stream.write(piece);
      stream.end();
    },
    refuse(problem) {
      if (isOver()) return;
      code = statusOf(problem);
      const trailers = problemTrailers(problem);
      if (hasBegun) {
        trailAfterMessages(trailers);
        stream.end();
        return;
      }
      stream.respond(
        {
          ":status": 200,
          "content-type": "application/grpc",
          "x-request-id": id,
          ...trailers,
          ...(problem.code === "UnsupportedEncoding" ? { "grpc-accept-encoding": acceptedEncodings } : {}),
        },
        withoutMessages,
      );
      stopReading();
    },
    refuseAsHttp(problem) {
      if (isOver()) return;
      code = statusOf(problem);
      hasBegun = true;
      stream.respond({
        ":status": problem.status,
        "content-type": "application/json",
        "x-request-id": id,
        ...(problem.allow === undefined ? {} : { allow: problem.allow }),
      });
      stream.end(JSON.stringify({ error: problem.message, code: problem.code }));
      stopReading();
    },
  };
}
