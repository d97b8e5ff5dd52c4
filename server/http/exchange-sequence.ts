import type { Socket } from "node:net";
import { isProblem, type Problem, problems } from "../errors.ts";
import { type Answering, createAnswering, isEndedByClose } from "./answer/answering.ts";
import { problemReply } from "./answer/problem-reply.ts";
import { IncomingBody } from "./body/incoming-body.ts";
import type { ConnectionContext } from "./connection-context.ts";
import type { ExchangeEnd, HandedOver, Reply } from "./handler.ts";
import { type ExchangeOwner, type HttpExchange, headBytes } from "./http-exchange.ts";
import { type Input, isLookedAt, noBytes, restOf } from "./input.ts";
import { openExchange } from "./open-exchange.ts";
import type { Phase } from "./overdue.ts";
import type { RequestHead } from "./request/parser.ts";

/** The rest of a refused body that is read over, so that the connection can go on. */
const readOverBytes = 64 * 1024;
/** The rest of such a request would be taken for the next one. */
const requestTimeout = 408;
/** One write brings the reset, the other is told of it. */
const timesAsked = 2;
const continueLine = "HTTP/1.1 100 Continue\r\n\r\n";

/** What the exchanges need of the connection on which they come. */
export interface ExchangeCarrier {
  readonly input: Input;
  readonly phase: Phase;
  /** When it was taken over. */
  readonly opened: number;
  become(phase: Phase): void;
  isGone(): boolean;
  /** Looks at what has come, as far as that is possible now. */
  advance(): void;
  /** Closes our side; the client may still read. */
  end(): void;
  destroy(): void;
  /** Gives its socket up. */
  release(): Socket;
}

/** The exchanges of one connection, each begun when the answer before it has left. Holds the one that is under way. */
export class ExchangeSequence implements ExchangeOwner {
  readonly body: IncomingBody;
  readonly #socket: Socket;
  readonly #context: ConnectionContext;
  readonly #carrier: ExchangeCarrier;
  readonly #answering: Answering;
  #current: HttpExchange | undefined;
  #isLast = false;
  /** How often it was asked whether the client still reads. */
  #asked = 0;

  constructor(socket: Socket, context: ConnectionContext, carrier: ExchangeCarrier) {
    this.#socket = socket;
    this.#context = context;
    this.#carrier = carrier;
    this.#answering = createAnswering({
      socket,
      now: () => context.awake,
      date: () => context.date,
      headers: context.answerHeaders,
      sent: (exchange) => this.#sent(exchange),
      failed: (exchange, error, isBegun) => this.#answerFailed(exchange, error, isBegun),
    });
    this.body = new IncomingBody(context.pool, {
      whole: (body) => this.#whole(body),
      refused: (problem) => this.refuse(problem),
      ready: () => carrier.advance(),
    });
  }

  get current(): HttpExchange | undefined {
    return this.#current;
  }

  /** See `Answering`. */
  waiting(): { readonly bytes: number; readonly since: number } | undefined {
    return this.#answering.waiting();
  }

  isGone(): boolean {
    return this.#carrier.isGone();
  }

  /** `bytes`: those of the input, in which its offset is behind the head. */
  begin(head: RequestHead, bytes: Uint8Array): void {
    const context = this.#context;
    const { input } = this.#carrier;
    const { exchange, framing, refusal } = openExchange(this, head, context);
    context.exchanges += 1;
    this.#current = exchange;
    this.#carrier.become("answer");
    this.body.begin(framing);
    if (framing === undefined || refusal !== undefined) return this.refuse(refusal ?? problems.internal());
    try {
      const plan = context.handler.head(exchange);
      if (plan === undefined || this.#current !== exchange || exchange.status !== 0) return;
      if (framing.bodyBytes === 0) return this.#whole(noBytes);
      const body = this.body.open(framing, plan, bytes, input.offset, context.awake);
      if (isProblem(body)) return this.refuse(body);
      if (framing.isContinueExpected) this.#socket.write(continueLine, "latin1");
      if (body === undefined) return this.#carrier.become("body");
      input.offset += framing.bodyBytes;
      this.#whole(body);
    } catch (error) {
      this.#fault(exchange, error);
    }
  }

  #whole(body: Uint8Array): void {
    const exchange = this.#current;
    if (exchange === undefined || exchange.status !== 0) return;
    this.body.end();
    this.#carrier.become("answer");
    try {
      this.#context.handler.whole(exchange, body);
    } catch (error) {
      this.#fault(exchange, error);
    }
  }

  #fault(exchange: HttpExchange, error: unknown): void {
    this.#context.fault(error, exchange.id);
    if (exchange === this.#current) this.refuse(problems.internal());
  }

  refuse(problem: Problem): void {
    const exchange = this.#current;
    if (exchange === undefined || exchange.status !== 0) return;
    exchange.refusal = problem;
    this.answer(exchange, problemReply(problem));
  }

  answer(exchange: HttpExchange, reply: Reply): void {
    const carrier = this.#carrier;
    if (exchange !== this.#current || exchange.status !== 0 || carrier.isGone()) return;
    exchange.status = reply.status;
    if (carrier.phase === "body") this.body.stop();
    carrier.become("answer");
    this.#isLast =
      reply.isLast === true ||
      !exchange.head.isKeptAlive ||
      (carrier.input.isEnded && isLookedAt(carrier.input)) ||
      // Whoever asked before sending may send the body or not: nobody can tell where the next request begins.
      this.body.unread > (this.body.isContinueExpected ? 0 : readOverBytes) ||
      reply.status === requestTimeout ||
      isEndedByClose(reply, exchange) ||
      this.#context.isLast(carrier.opened);
    this.#answering.write(exchange, reply, this.#isLast);
  }

  #sent(exchange: HttpExchange): void {
    if (exchange !== this.#current) return;
    this.#over("sent");
    if (this.#isLast) return this.#carrier.end();
    this.#carrier.become(this.body.unread > 0 ? "discard" : "head");
    this.#carrier.advance();
  }

  #answerFailed(exchange: HttpExchange, error: unknown, isBegun: boolean): void {
    this.#context.fault(error, exchange.id);
    if (isBegun) return this.#carrier.destroy();
    const reply = problemReply(problems.internal());
    exchange.status = reply.status;
    this.#answering.write(exchange, reply, this.#isLast);
  }

  handOver(exchange: HttpExchange): HandedOver {
    if (
      exchange !== this.#current ||
      exchange.status !== 0 ||
      this.body.reception !== undefined ||
      this.#carrier.isGone()
    )
      throw new Error("a connection can be handed over before its request is answered and its body is received");
    const rest = restOf(this.#carrier.input);
    const socket = this.#carrier.release();
    this.#over("sent");
    return { socket, head: Buffer.concat([headBytes(exchange), rest]) };
  }

  /**
   * Who has closed the sending side may have closed all: nobody can tell but by sending something. A client that is there
   * reads over interim answers (RFC 9110, 15.2); the system of one that is not resets the connection, which the next write
   * is told, and its request need not be run.
   */
  askWhetherGone(): void {
    const exchange = this.#current;
    const { input, phase } = this.#carrier;
    if (!input.isEnded || phase !== "answer" || exchange === undefined || exchange.status !== 0) return;
    // HTTP/1.0 has no interim answers.
    if (exchange.head.minor === 0 || this.#asked === timesAsked) return;
    this.#asked += 1;
    this.#socket.write(continueLine, "latin1");
  }

  /** The connection is gone. */
  abort(): void {
    this.#answering.abort();
    this.#over("gone");
  }

  #over(end: ExchangeEnd): void {
    const exchange = this.#current;
    if (exchange === undefined) return;
    this.#current = undefined;
    this.#context.exchanges -= 1;
    try {
      this.#context.handler.over(exchange, end);
    } catch (error) {
      this.#context.fault(error, exchange.id);
    }
    this.body.release();
  }
}
