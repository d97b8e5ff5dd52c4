import type { Socket } from "node:net";
import type { AnswerHeaders, Reply, ReplyPart, ReplyParts } from "../handler.ts";
import type { HttpExchange } from "../http-exchange.ts";
import { type BodyLength, replyHead } from "./reply-head.ts";
import { isSmallReply, lengthOf, type ReplyWriter, writeReply, writeSmallReply } from "./reply-writer.ts";

/** The writing side of one connection: one answer at a time. */
export interface Answering {
  /** The connection must end after an answer whose end nothing else tells. */
  write(exchange: HttpExchange, reply: Reply, isLast: boolean): void;
  /** Of what was written, these bytes have not been taken by the kernel yet, since so many awake milliseconds. */
  waiting(): { readonly bytes: number; readonly since: number } | undefined;
  abort(): void;
}

export interface AnsweringOptions {
  readonly socket: Socket;
  /** Awake milliseconds. */
  readonly now: () => number;
  /** The header line of this second. */
  readonly date: () => string;
  /** Beside those of the reply; a `vary` of both is joined. */
  readonly headers: AnswerHeaders;
  /** The kernel has the whole answer. May come from within `write`. */
  readonly sent: (exchange: HttpExchange) => void;
  /** The parts could not be told; `isBegun`: after a part of the answer was written. */
  readonly failed: (exchange: HttpExchange, error: unknown, isBegun: boolean) => void;
}

export function createAnswering({ socket, now, date, headers, sent, failed }: AnsweringOptions): Answering {
  let writer: ReplyWriter | undefined;
  let small: { readonly bytes: number; readonly since: number } | undefined;

  const writeSmall = (exchange: HttpExchange, head: string, parts: readonly ReplyPart[], length: number): void => {
    writeSmallReply(socket, head, parts, length);
    if (socket.writableLength === 0) {
      // What failed is told by "close".
      if (socket.errored === null) sent(exchange);
      return;
    }
    small = { bytes: socket.writableLength, since: now() };
    socket.write(nothing, (error) => {
      small = undefined;
      if (error === undefined || error === null) sent(exchange);
    });
  };

  return {
    write(exchange, reply, isLast) {
      const { parts, status } = reply;
      const body = bodyLengthOf(reply, exchange);
      const head = replyHead(status, joinHeaders(reply.headers, headers(exchange)), {
        requestId: exchange.id,
        date: date(),
        body,
        isLast,
      });
      if (exchange.method === "HEAD" || body === undefined) return writeSmall(exchange, head, [], 0);
      if (isArray(parts) && typeof body === "object" && isSmallReply(parts, body.length))
        return writeSmall(exchange, head, parts, body.length);
      writer = writeReply({
        socket,
        head,
        parts,
        body,
        now,
        sent() {
          writer = undefined;
          sent(exchange);
        },
        failed: (error, isBegun) => failed(exchange, error, isBegun),
      });
    },
    waiting: () => writer?.waiting() ?? small,
    abort: () => writer?.abort(),
  };
}

function joinHeaders(own: Reply["headers"], further: Reply["headers"] | undefined): Reply["headers"] {
  if (further === undefined) return own;
  const { vary } = own;
  const joined = { ...own, ...further };
  if (vary !== undefined && further["vary"] !== undefined) joined["vary"] = `${vary}, ${further["vary"]}`;
  return joined;
}

/** Whether nothing but the end of the connection tells where the answer ends: RFC 9112 section 6.3. */
export function isEndedByClose(reply: Reply, { head, method }: HttpExchange): boolean {
  return head.minor === 0 && method !== "HEAD" && hasBody(reply) && !isArray(reply.parts) && reply.length === undefined;
}

function bodyLengthOf(reply: Reply, exchange: HttpExchange): BodyLength | undefined {
  if (!hasBody(reply)) return undefined;
  if (isArray(reply.parts)) return { length: lengthOf(reply.parts) };
  if (reply.length !== undefined) return { length: reply.length };
  return exchange.head.minor === 0 ? "until close" : "chunked";
}

/** RFC 9110: these two have no content, and their head says nothing of it. */
function hasBody({ status }: Reply): boolean {
  return status !== 204 && status !== 304;
}

function isArray(parts: ReplyParts): parts is readonly ReplyPart[] {
  return Array.isArray(parts);
}

const nothing = new Uint8Array(0);
