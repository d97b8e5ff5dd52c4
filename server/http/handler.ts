import type { BodyPlan } from "../bytes/body-store.ts";
import type { Socket } from "node:net";
import type { Problem } from "../errors.ts";

/**
 * What stands behind the HTTP layer. All calls come on the one thread of the process; none may block longer than a run
 * of the model does. What a call throws is answered with 500 and told to `HttpServerOptions.fault`.
 */
export interface Handler<Attached = unknown> {
  /**
   * The head is there, nothing of the body was read. Returns how to receive the body, or undefined when the exchange was
   * or will be answered without it. Not called for what the layer refuses by itself (`Expect`, `CONNECT`, `OPTIONS *`).
   */
  head(exchange: Exchange<Attached>): BodyPlan | undefined;
  /**
   * The whole body, after content-encoding was undone. Valid until `over`: its memory is used again or given up then.
   */
  whole(exchange: Exchange<Attached>, body: Uint8Array): void;
  /**
   * Exactly once for each exchange, those that the layer refused by itself included: "sent" when the kernel has taken the
   * last byte of the answer, "gone" when the connection ended before. May come from within `answer`.
   */
  over(exchange: Exchange<Attached>, end: ExchangeEnd): void;
}

export type ExchangeEnd = "sent" | "gone";

/** One request and the answer to it. */
export interface Exchange<Attached = unknown> {
  /** The client's `x-request-id` if it is 1 to 128 printable ASCII characters without spaces, else a new one. */
  readonly id: string;
  readonly method: string;
  /** As sent, still percent-encoded; of an absolute-form target the part after the authority. */
  readonly path: string;
  /** What follows the first `?`, without it; empty when there is none. */
  readonly query: string;
  /** Monotonic, milliseconds: when the head was complete. */
  readonly started: number;
  /** Of the answer; 0 while there is none. */
  readonly status: number;
  /** Set when the layer refused the request by itself. */
  readonly refusal: Problem | undefined;
  /**
   * The handler's own. It stands here because a Map or WeakMap by exchange would hold all that a request makes until the
   * next full collection (ADR 15).
   */
  attached: Attached | undefined;
  /** The connection is gone (reset, closed or given up). A client that only closed its sending side still listens. */
  readonly isGone: boolean;
  /** By lower-case name; repeated ones are joined by ", ". */
  header(name: string): string | undefined;
  /** The first answer counts, later ones are ignored: the layer may have refused the body meanwhile. */
  answer(reply: Reply): void;
  /**
   * Gives the connection up, for a node:http server to go on with: before an answer only. `head` is what was read from
   * it: the head of the request written anew with this exchange's id, and the bytes that followed it. The socket is
   * paused: `emit("connection")`, `unshift` the head, `resume`. The exchange is over at once, as sent.
   */
  handOver(): HandedOver;
}

export interface HandedOver {
  readonly socket: Socket;
  readonly head: Uint8Array;
}

export interface Reply {
  readonly status: number;
  /** Names in lower case. `connection`, `content-length`, `date`, `transfer-encoding` and `x-request-id` are the layer's own. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Strings are UTF-8. An array is sent with content-length. Another iterable is pulled as the client reads, and sent
   * with `length` if that is known, else chunked; to HTTP/1.0 until the connection closes.
   */
  readonly parts: ReplyParts;
  /** Bytes that an iterable will give. If it gives another number, the connection is cut. */
  readonly length?: number;
  /** The connection ends after it. */
  readonly isLast?: boolean;
}

/** What goes with each answer beside the headers of its reply; undefined: nothing does. */
export type AnswerHeaders = (exchange: Exchange) => Reply["headers"] | undefined;

export type ReplyPart = string | Uint8Array;
export type ReplyParts = readonly ReplyPart[] | Iterable<ReplyPart>;
