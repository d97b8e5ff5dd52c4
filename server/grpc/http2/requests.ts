import type { BufferPool } from "../../bytes/buffer-pool.ts";
import type { Bytes } from "../wire/reader.ts";
import type { ServerHttp2Stream } from "node:http2";
import { isProblem, type Problem } from "../../errors.ts";
import { grpcProblems } from "../grpc-problems.ts";
import type { AnsweredMethod } from "../method.ts";
import { inflate, type Inflation, type MessageEncoding } from "./inflate.ts";
import { createMessageReceiver, type MessageReceiver } from "./message-receiver.ts";

export interface RequestsOptions {
  readonly method: AnsweredMethod;
  readonly encoding: MessageEncoding | "identity";
  readonly pool: BufferPool;
  /** Reserves memory for a message; false: there is none. */
  readonly take: (bytes: number) => boolean;
  readonly onRequest: (message: Bytes) => void;
  /** The client has sent all it wants to send, and `onRequest` was called for each of it. */
  readonly onEnd: () => void;
  /** Nothing comes after this. */
  readonly onProblem: (problem: Problem) => void;
  readonly onFault: (error: unknown) => void;
}

interface Request {
  readonly bytes: Bytes;
  readonly isCompressed: boolean;
}

/**
 * Hands on the requests of a call, one after the other. A method that takes one hears of it when the client has ended
 * its side. Gives how many bytes have come.
 */
export function readRequests(
  stream: ServerHttp2Stream,
  options: RequestsOptions,
): Pick<MessageReceiver, "received" | "release"> {
  const { method, encoding } = options;
  const { limitBytes } = method;
  let isOver = false;
  let only: Request | undefined;
  /** Of the message that was handed on last. */
  let inflation: Inflation | undefined;
  /** Of a method that takes many. */
  let queue: Promise<void> | undefined;

  const refuse = (problem: Problem): void => {
    if (isOver) return;
    isOver = true;
    options.onProblem(problem);
  };

  const handOn = async ({ bytes, isCompressed }: Request): Promise<void> => {
    if (isOver) return;
    if (!isCompressed || encoding === "identity") return options.onRequest(bytes);
    inflation?.release();
    inflation = inflate(bytes, encoding, { limitBytes, take: options.take, pool: options.pool });
    const message = await inflation.message;
    if (isProblem(message)) refuse(message);
    else if (message !== undefined && !isOver) options.onRequest(message);
  };

  /** What came in one chunk waits here, and no more comes until it is through. */
  const enqueue = (request: Request): void => {
    stream.pause();
    const turn = (queue ?? Promise.resolve()).then(() => handOn(request)).catch(options.onFault);
    queue = turn;
    void turn.finally(() => {
      if (queue !== turn) return;
      queue = undefined;
      // A client that does not read its answers sends no more requests.
      if (stream.writableNeedDrain) stream.once("drain", () => stream.resume());
      else stream.resume();
    });
  };

  const receiver = createMessageReceiver({
    limitBytes,
    take: options.take,
    pool: options.pool,
    alignedOffset: (method.kind === "unary" ? method.alignedOffset : undefined) ?? nowhere,
    onMessage(bytes, isCompressed) {
      if (isCompressed && encoding === "identity") {
        return refuse(grpcProblems.badFrame("a message is marked as compressed, and grpc-encoding does not say how"));
      }
      if (method.kind === "exchange") return enqueue({ bytes, isCompressed });
      if (only !== undefined) return refuse(grpcProblems.badFrame("there is a second message; this method takes one"));
      only = { bytes, isCompressed };
    },
    onProblem: refuse,
  });

  stream.on("data", (chunk: Bytes) => {
    if (!isOver) receiver.push(chunk);
  });
  stream.on("end", () => {
    // The end of a stream that was reset is no end of its requests.
    if (isOver || stream.aborted) return;
    if (receiver.isWithinMessage()) return refuse(grpcProblems.badFrame("it ends in the middle of a message"));
    if (method.kind === "exchange") return options.onEnd();
    if (only === undefined) return refuse(grpcProblems.badFrame("it has no message"));
    if (!only.isCompressed) {
      options.onRequest(only.bytes);
      return options.onEnd();
    }
    handOn(only).then(options.onEnd).catch(options.onFault);
  });
  return {
    received: receiver.received,
    release() {
      receiver.release();
      inflation?.release();
    },
  };
}

function nowhere(): undefined {
  // No place in the message matters more than another.
}
