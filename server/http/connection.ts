import type { Socket } from "node:net";
import { isProblem, type Problem } from "../errors.ts";
import { tcpKeepAliveMilliseconds } from "../tcp-keep-alive.ts";
import { httpProblems } from "./http-problems.ts";
import { refusalBytes } from "./answer/problem-reply.ts";
import type { ConnectionContext } from "./connection-context.ts";
import { type ExchangeCarrier, ExchangeSequence } from "./exchange-sequence.ts";
import { type Input, keepRest, restOf } from "./input.ts";
import { overdue, type Phase } from "./overdue.ts";
import { createHeadReader, type HeadReader } from "./request/head-reader.ts";

/**
 * Of what a client sends while its answer is made, as who pipelines does: up to here it is read on, as nothing else tells
 * that the client goes away. As much as a read may bring at once, which has to be kept anyway: a few thousand numbers.
 */
const aheadBytes = 64 * 1024;

/** One connection: what comes on it, in its order and its time. Holds the socket. */
export class Connection implements ExchangeCarrier {
  readonly input: Input = { bytes: undefined, offset: 0, isEnded: false };
  readonly opened: number;
  readonly #socket: Socket;
  readonly #context: ConnectionContext;
  readonly #reader: HeadReader;
  readonly #exchanges: ExchangeSequence;
  #phase: Phase = "head";
  /** Awake milliseconds at the beginning of the phase, or of the head. */
  #since: number;
  #isAdvancing = false;
  #isTurnOver = false;
  #lingered = 0;

  constructor(socket: Socket, context: ConnectionContext) {
    this.#socket = socket;
    this.#context = context;
    this.opened = context.now();
    this.#since = context.awake;
    this.#reader = createHeadReader(context.limits.headerBytes, context.parsers);
    this.#exchanges = new ExchangeSequence(socket, context, this);
    context.connections.add(this);
    context.idle.add(this);
    socket.setNoDelay(true).setKeepAlive(true, tcpKeepAliveMilliseconds);
    socket.on("end", this.#onEnd);
    // "close" follows.
    socket.on("error", ignore);
    socket.on("close", this.#onClose);
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Bytes from the socket, in the order in which they came. They may be overwritten when it returns. */
  take(chunk: Uint8Array): void {
    if (this.#phase === "closed") return;
    if (this.#phase === "linger") {
      this.#lingered += chunk.length;
      // Not read any further, but not closed early either: to close over unread bytes is a reset, and loses the answer.
      if (this.#lingered > this.#context.limits.lingerBytes) this.#socket.pause();
      return;
    }
    this.input.bytes = this.input.bytes === undefined ? chunk : Buffer.concat([restOf(this.input), chunk]);
    this.input.offset = 0;
    this.advance();
    keepRest(this.input);
  }

  /** Whether nothing is under way, not even a part of a head. */
  get isIdle(): boolean {
    return this.#phase === "head" && this.input.bytes === undefined && !this.#reader.isWithin;
  }

  /** Closes our side, and the whole when the client has closed its own or its time to read is over. */
  end(): void {
    this.become("linger");
    this.input.bytes = undefined;
    this.#context.idle.delete(this);
    this.#socket.end();
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
    this.#onClose();
  }

  isGone(): boolean {
    return this.#phase === "closed" || this.#socket.destroyed;
  }

  /** Looks at the limits of time. */
  sweep(): void {
    this.#exchanges.askWhetherGone();
    const { body } = this.#exchanges;
    const late = overdue(
      {
        phase: this.#phase,
        since: this.#since,
        isWithinHead: this.#reader.isWithin,
        isIdle: this.isIdle,
        declared: body.declared,
        reception: body.reception,
        pace: body.pace,
        waiting: this.#phase === "answer" ? this.#exchanges.waiting() : undefined,
      },
      this.#context.awake,
      this.#context.limits,
    );
    if (late === "end") this.end();
    else if (late === "destroy") this.destroy();
    else if (late !== undefined && this.#phase === "head") this.#refuseConnection(late);
    else if (late !== undefined) this.#exchanges.refuse(late);
  }

  readonly #onEnd = (): void => {
    this.input.isEnded = true;
    if (this.input.bytes === undefined) this.#ended();
  };

  /** The client has closed its sending side, and all that it sent was looked at. */
  #ended(): void {
    if (this.isIdle) this.end();
    else if (this.#phase === "head") this.#refuseConnection(httpProblems.notHttp());
    // A body without its end: who sends it has given up.
    else if (this.#phase === "discard" || (this.#phase === "body" && this.#exchanges.body.isIncomplete)) this.destroy();
  }

  readonly #onClose = (): void => {
    if (this.#phase === "closed") return;
    this.#leave();
    this.#exchanges.abort();
  };

  advance(): void {
    if (this.#isAdvancing || this.#phase === "linger" || this.isGone()) return;
    this.#isAdvancing = true;
    this.#isTurnOver = false;
    this.#context.idle.delete(this);
    const { input } = this;
    try {
      while (input.bytes !== undefined) {
        if (input.offset === input.bytes.length) input.bytes = undefined;
        else if (!this.#step(input.bytes)) break;
      }
    } catch (error) {
      // Nobody else would catch it, and it would end the process and all that is under way.
      this.#stepFailed(error);
    }
    this.#isAdvancing = false;
    if (this.isGone()) return;
    // An end can be told while the socket is paused.
    if (input.isEnded && input.bytes === undefined) return this.#ended();
    if (this.#isFull) this.#socket.pause();
    else if (this.#socket.isPaused()) this.#socket.resume();
    if (this.isIdle) this.#context.idle.add(this);
  }

  /** No more is read. */
  get #isFull(): boolean {
    return this.input.bytes !== undefined && (this.#phase !== "answer" || restOf(this.input).length > aheadBytes);
  }

  /** False: what is left has to wait for a later call of advance. */
  #step(bytes: Uint8Array): boolean {
    switch (this.#phase) {
      case "head":
        if (!this.#isTurnOver) return this.#readHead(bytes);
        // Other connections come first: one chunk can hold thousands of requests.
        setImmediate(() => this.advance());
        return false;
      case "body":
        if (!this.#exchanges.body.isReady) return false;
        this.input.offset = this.#exchanges.body.feed(bytes, this.input.offset);
        return true;
      case "discard":
        this.input.offset = this.#exchanges.body.discard(bytes, this.input.offset);
        if (this.#exchanges.body.unread === 0) this.become("head");
        return true;
      case "answer":
      case "linger":
      case "closed":
        return false;
    }
  }

  #readHead(bytes: Uint8Array): boolean {
    if (!this.#reader.isWithin) this.#since = this.#context.awake;
    const end = this.#reader.read(bytes, this.input.offset);
    if (isProblem(end)) {
      this.#refuseConnection(end);
      return false;
    }
    this.input.offset = end;
    if (this.#reader.head === undefined) return true;
    this.#isTurnOver = true;
    this.#exchanges.begin(this.#reader.head, bytes);
    return true;
  }

  /** An error of ours while bytes were looked at: where they go on, nobody can tell. */
  #stepFailed(error: unknown): void {
    const id = this.#exchanges.current?.id ?? this.#context.newRequestId();
    this.#context.fault(error, id);
    this.destroy();
  }

  /** What came is no request, or none in time. */
  #refuseConnection(problem: Problem): void {
    this.#socket.write(refusalBytes(problem, this.#context.newRequestId(), this.#context.date), "latin1");
    this.end();
  }

  /** Its time begins as well. */
  become(phase: Phase): void {
    this.#phase = phase;
    this.#since = this.#context.awake;
  }

  release(): Socket {
    this.#leave();
    this.#socket.off("end", this.#onEnd).off("close", this.#onClose);
    return this.#context.reads.release(this.#socket);
  }

  #leave(): void {
    this.#phase = "closed";
    this.input.bytes = undefined;
    this.#reader.close();
    this.#context.connections.delete(this);
    this.#context.idle.delete(this);
  }
}

function ignore(): void {
  // Nothing: see the place of its use.
}
