import type { Socket } from "node:net";
import { isProblem, type Problem, problems } from "../errors.ts";
import { type Answering, createAnswering, isEndedByClose } from "./answer/answering.ts";
import { type BodyEvents, type BodyReception, bodyAtOnce, createBodyReception } from "./body/body-reception.ts";
import type { ConnectionContext } from "./connection-context.ts";
import type { Framing } from "./request/framing.ts";
import type { ExchangeEnd, HandedOver, Reply } from "./handler.ts";
import { createHeadReader, type HeadReader } from "./request/head-reader.ts";
import { type ExchangeOwner, type HttpExchange, headBytes } from "./http-exchange.ts";
import { openExchange } from "./open-exchange.ts";
import { overdue, type Phase } from "./overdue.ts";
import { beginPace, type Pace } from "./pace.ts";
import type { RequestHead } from "./request/parser.ts";
import { problemReply, refusalBytes } from "./answer/problem-reply.ts";

/** The rest of a refused body that is read over, so that the connection can go on. */
const readOverBytes = 64 * 1024;
/** The rest of such a request would be taken for the next one. */
const requestTimeout = 408;
/** Dead peers are found by TCP, as idle connections are kept for long. */
const tcpKeepAliveMilliseconds = 60_000;
/** One write brings the reset, the other is told of it. */
const timesAsked = 2;
const continueLine = "HTTP/1.1 100 Continue\r\n\r\n";
const nothing = new Uint8Array(0);

/** One connection: requests one after the other, each begun when the answer before it has left. Holds the socket. */
export class Connection implements ExchangeOwner {
  readonly #socket: Socket;
  readonly #context: ConnectionContext;
  readonly #opened: number;
  readonly #reader: HeadReader;
  readonly #answering: Answering;
  readonly #bodyEvents: BodyEvents;
  #phase: Phase = "head";
  /** Awake milliseconds at the beginning of the phase, or of the head. */
  #since: number;
  /** Read, and looked at up to #offset. While there are any after a step, the socket is paused. */
  #bytes: Uint8Array | undefined;
  #offset = 0;
  #isAdvancing = false;
  #isTurnOver = false;
  /** The client has closed its sending side. */
  #isEnded = false;
  /** How often it was asked whether it still reads. */
  #asked = 0;
  #exchange: HttpExchange | undefined;
  #isLast = false;
  #framing: Framing | undefined;
  #reception: BodyReception | undefined;
  #pace: Pace | undefined;
  /** Bytes on the wire that belong to the request and were not taken from #bytes; infinite for a chunked body. */
  #unread = 0;
  #lingered = 0;

  constructor(socket: Socket, context: ConnectionContext) {
    this.#socket = socket;
    this.#context = context;
    this.#opened = context.now();
    this.#since = context.awake;
    this.#reader = createHeadReader(context.limits.headerBytes, context.parsers);
    this.#answering = createAnswering({
      socket,
      now: () => context.awake,
      date: () => context.date,
      headers: context.answerHeaders,
      sent: (exchange) => this.#sent(exchange),
      failed: (exchange, error, isBegun) => this.#answerFailed(exchange, error, isBegun),
    });
    this.#bodyEvents = {
      whole: (body) => this.#whole(body),
      refused: (problem) => this.#refuse(problem),
      ready: () => this.#advance(),
    };
    context.connections.add(this);
    context.idle.add(this);
    socket.setNoDelay(true).setKeepAlive(true, tcpKeepAliveMilliseconds);
    socket.on("end", this.#onEnd);
    // "close" follows.
    socket.on("error", ignore);
    socket.on("close", this.#onClose);
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
    this.#bytes = chunk;
    this.#offset = 0;
    this.#advance();
    if (this.#bytes === undefined) return;
    this.#bytes = Uint8Array.prototype.slice.call(this.#bytes, this.#offset);
    this.#offset = 0;
  }

  /** Whether nothing is under way, not even a part of a head. */
  get isIdle(): boolean {
    return this.#phase === "head" && this.#bytes === undefined && !this.#reader.isWithin;
  }

  /** Closes our side, and the whole when the client has closed its own or its time to read is over. */
  end(): void {
    this.#become("linger");
    this.#bytes = undefined;
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
    this.#askWhetherGone();
    const late = overdue(
      {
        phase: this.#phase,
        since: this.#since,
        isWithinHead: this.#reader.isWithin,
        isIdle: this.isIdle,
        declared: this.#framing?.bodyBytes ?? 0,
        reception: this.#reception,
        pace: this.#pace,
        waiting: this.#phase === "answer" ? this.#answering.waiting() : undefined,
      },
      this.#context.awake,
      this.#context.limits,
    );
    if (late === "end") this.end();
    else if (late === "destroy") this.destroy();
    else if (late !== undefined && this.#phase === "head") this.#refuseConnection(late);
    else if (late !== undefined) this.#refuse(late);
  }

  /**
   * Who has closed the sending side may have closed all: nobody can tell but by sending something. A client that is there
   * reads over interim answers (RFC 9110, 15.2); the system of one that is not resets the connection, which the next write
   * is told, and its request need not be run.
   */
  #askWhetherGone(): void {
    const exchange = this.#exchange;
    if (!this.#isEnded || this.#phase !== "answer" || exchange === undefined || exchange.status !== 0) return;
    // HTTP/1.0 has no interim answers.
    if (exchange.head.minor === 0 || this.#asked === timesAsked) return;
    this.#asked += 1;
    this.#socket.write(continueLine, "latin1");
  }

  readonly #onEnd = (): void => {
    this.#isEnded = true;
    if (this.#bytes === undefined) this.#ended();
  };

  /** The client has closed its sending side, and all that it sent was looked at. */
  #ended(): void {
    if (this.isIdle) this.end();
    else if (this.#phase === "head") this.#refuseConnection(problems.notHttp());
    // A body without its end: who sends it has given up.
    else if (this.#phase === "discard" || (this.#phase === "body" && this.#reception?.isComplete === false))
      this.destroy();
  }

  readonly #onClose = (): void => {
    if (this.#phase === "closed") return;
    this.#leave();
    this.#answering.abort();
    this.#over("gone");
  };

  /** Looks at what has come, as far as that is possible now. */
  #advance(): void {
    if (this.#isAdvancing || this.#phase === "linger" || this.isGone()) return;
    this.#isAdvancing = true;
    this.#isTurnOver = false;
    this.#context.idle.delete(this);
    try {
      while (this.#bytes !== undefined) {
        if (this.#offset === this.#bytes.length) this.#bytes = undefined;
        else if (!this.#step(this.#bytes)) break;
      }
    } catch (error) {
      // Nobody else would catch it, and it would end the process and all that is under way.
      this.#stepFailed(error);
    }
    this.#isAdvancing = false;
    if (this.isGone()) return;
    // An end can be told while the socket is paused.
    if (this.#isEnded && this.#bytes === undefined) return this.#ended();
    if (this.#bytes !== undefined) this.#socket.pause();
    else if (this.#socket.isPaused()) this.#socket.resume();
    if (this.isIdle) this.#context.idle.add(this);
  }

  /** False: what is left has to wait for a later call of #advance. */
  #step(bytes: Uint8Array): boolean {
    switch (this.#phase) {
      case "head":
        if (!this.#isTurnOver) return this.#readHead(bytes);
        // Other connections come first: one chunk can hold thousands of requests.
        setImmediate(() => this.#advance());
        return false;
      case "body":
        if (this.#reception === undefined || !this.#reception.isReady || this.#reception.isComplete) return false;
        this.#offset = this.#reception.feed(bytes, this.#offset);
        return true;
      case "discard": {
        const count = Math.min(this.#unread, bytes.length - this.#offset);
        this.#offset += count;
        this.#unread -= count;
        if (this.#unread === 0) this.#become("head");
        return true;
      }
      case "answer":
      case "linger":
      case "closed":
        return false;
    }
  }

  #readHead(bytes: Uint8Array): boolean {
    if (!this.#reader.isWithin) this.#since = this.#context.awake;
    const end = this.#reader.read(bytes, this.#offset);
    if (isProblem(end)) {
      this.#refuseConnection(end);
      return false;
    }
    this.#offset = end;
    if (this.#reader.head !== undefined) this.#begin(this.#reader.head, bytes);
    return true;
  }

  #begin(head: RequestHead, bytes: Uint8Array): void {
    const context = this.#context;
    const { exchange, framing, refusal } = openExchange(this, head, context);
    context.exchanges += 1;
    this.#exchange = exchange;
    this.#phase = "answer";
    this.#isTurnOver = true;
    this.#framing = framing;
    // Where a body of unknown framing ends, nobody can tell.
    this.#unread = framing === undefined || framing.bodyBytes === -1 ? Number.POSITIVE_INFINITY : framing.bodyBytes;
    if (framing === undefined || refusal !== undefined) return this.#refuse(refusal ?? problems.internal());
    try {
      const plan = context.handler.head(exchange);
      if (plan === undefined || this.#exchange !== exchange || exchange.status !== 0) return;
      if (framing.bodyBytes === 0) return this.#whole(nothing);
      const body =
        bodyAtOnce(framing, plan, bytes, this.#offset) ??
        createBodyReception(framing, plan, context.pool, this.#bodyEvents);
      if (isProblem(body)) return this.#refuse(body);
      if (framing.isContinueExpected) this.#socket.write(continueLine, "latin1");
      if (body instanceof Uint8Array) {
        this.#offset += framing.bodyBytes;
        return this.#whole(body);
      }
      this.#reception = body;
      this.#pace = beginPace(context.awake, 0);
      this.#phase = "body";
    } catch (error) {
      this.#fault(exchange, error);
    }
  }

  #whole(body: Uint8Array): void {
    const exchange = this.#exchange;
    if (exchange === undefined || exchange.status !== 0) return;
    this.#unread = 0;
    this.#phase = "answer";
    try {
      this.#context.handler.whole(exchange, body);
    } catch (error) {
      this.#fault(exchange, error);
    }
  }

  /** An error of ours while bytes were looked at: where they go on, nobody can tell. */
  #stepFailed(error: unknown): void {
    const id = this.#exchange?.id ?? this.#context.newRequestId();
    this.#context.fault(error, id);
    this.destroy();
  }

  #fault(exchange: HttpExchange, error: unknown): void {
    this.#context.fault(error, exchange.id);
    if (exchange === this.#exchange) this.#refuse(problems.internal());
  }

  #refuse(problem: Problem): void {
    const exchange = this.#exchange;
    if (exchange === undefined || exchange.status !== 0) return;
    exchange.refusal = problem;
    this.answer(exchange, problemReply(problem));
  }

  answer(exchange: HttpExchange, reply: Reply): void {
    if (exchange !== this.#exchange || exchange.status !== 0 || this.isGone()) return;
    exchange.status = reply.status;
    if (this.#phase === "body") this.#stopReceiving();
    this.#phase = "answer";
    this.#isLast =
      reply.isLast === true ||
      !exchange.head.isKeptAlive ||
      (this.#isEnded && (this.#bytes === undefined || this.#offset === this.#bytes.length)) ||
      // Whoever asked before sending may send the body or not: nobody can tell where the next request begins.
      this.#unread > (this.#framing?.isContinueExpected === true ? 0 : readOverBytes) ||
      reply.status === requestTimeout ||
      isEndedByClose(reply, exchange) ||
      this.#context.isLast(this.#opened);
    this.#answering.write(exchange, reply, this.#isLast);
  }

  /** The answer comes before the body: what of it was not taken yet. */
  #stopReceiving(): void {
    if (this.#reception === undefined || this.#framing === undefined) return;
    if (this.#reception.isComplete) this.#unread = 0;
    else if (this.#framing.bodyBytes !== -1) this.#unread = this.#framing.bodyBytes - this.#reception.received;
    this.#reception.release();
  }

  #sent(exchange: HttpExchange): void {
    if (exchange !== this.#exchange) return;
    this.#over("sent");
    if (this.#isLast) return this.end();
    this.#become(this.#unread > 0 ? "discard" : "head");
    this.#advance();
  }

  #answerFailed(exchange: HttpExchange, error: unknown, isBegun: boolean): void {
    this.#context.fault(error, exchange.id);
    if (isBegun) return this.destroy();
    const reply = problemReply(problems.internal());
    exchange.status = reply.status;
    this.#answering.write(exchange, reply, this.#isLast);
  }

  handOver(exchange: HttpExchange): HandedOver {
    if (exchange !== this.#exchange || exchange.status !== 0 || this.#reception !== undefined || this.isGone())
      throw new Error("a connection can be handed over before its request is answered and its body is received");
    const rest = this.#bytes?.subarray(this.#offset) ?? nothing;
    this.#leave();
    this.#socket.off("end", this.#onEnd).off("close", this.#onClose);
    const socket = this.#context.reads.release(this.#socket);
    this.#over("sent");
    return { socket, head: Buffer.concat([headBytes(exchange), rest]) };
  }

  /** What came is no request, or none in time. */
  #refuseConnection(problem: Problem): void {
    this.#socket.write(refusalBytes(problem, this.#context.newRequestId(), this.#context.date), "latin1");
    this.end();
  }

  #over(end: ExchangeEnd): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    this.#exchange = undefined;
    this.#context.exchanges -= 1;
    try {
      this.#context.handler.over(exchange, end);
    } catch (error) {
      this.#context.fault(error, exchange.id);
    }
    this.#reception?.release();
    this.#reception = undefined;
    this.#framing = undefined;
  }

  #become(phase: Phase): void {
    this.#phase = phase;
    this.#since = this.#context.awake;
  }

  #leave(): void {
    this.#phase = "closed";
    this.#bytes = undefined;
    this.#reader.close();
    this.#context.connections.delete(this);
    this.#context.idle.delete(this);
  }
}

function ignore(): void {
  // Nothing: see the place of its use.
}
