import type { Bytes } from "./wire/reader.ts";
import type { Problem } from "../errors.ts";
import type { Mark } from "../trace/span.ts";

/** The answer's message in pieces, the first with room for its prefix (`beginFrame`), or what is wrong. */
export type Answer = readonly Uint8Array[] | Problem;

export interface CallContext {
  readonly id: string;
  /** By the server's clock, milliseconds; undefined when the client set none. */
  readonly deadline: number | undefined;
  /** True once the client has given the call up. */
  readonly isGone: () => boolean;
  /** Reserves memory until the call is over; false: there is none. Whatever grows out of the message asks first. */
  readonly hold: (bytes: number) => boolean;
  /** To be added to; undefined where nobody traces. */
  readonly marks: Mark[] | undefined;
}

/** One request, one answer. */
export interface UnaryMethod {
  readonly kind: "unary";
  /** Of the request, decompressed. */
  readonly limitBytes: number;
  /** See `ReceiverOptions.alignedOffset`. */
  readonly alignedOffset?: (part: Bytes) => number | undefined;
  readonly answer: (message: Bytes, context: CallContext) => Answer | Promise<Answer>;
}

/** One request, and an answer now and with each change, until the client or the server ends it. */
export interface WatchMethod {
  readonly kind: "watch";
  readonly limitBytes: number;
  readonly watch: (message: Bytes) => Watch | Problem;
}

export interface Watch {
  /** What is watched: an answer is due when it is not what it was. */
  readonly state: () => number;
  readonly answer: (state: number) => readonly Uint8Array[];
}

/** Requests one after the other, each with an answer. */
export interface ExchangeMethod {
  readonly kind: "exchange";
  readonly limitBytes: number;
  readonly answer: (message: Bytes) => Answer;
}

/** Known, and not possible: refused before any of its requests is received. */
export interface RefusedMethod {
  readonly kind: "refused";
  readonly problem: Problem;
}

export type AnsweredMethod = UnaryMethod | WatchMethod | ExchangeMethod;

export type Method = AnsweredMethod | RefusedMethod;

/** By what stands in `:path`, as `/package.Service/Method`. */
export type Methods = ReadonlyMap<string, Method>;
