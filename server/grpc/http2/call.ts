import type { BufferPool } from "../../bytes/buffer-pool.ts";
import type { Bytes } from "../wire/reader.ts";
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { isProblem, type Problem, problems } from "../../errors.ts";
import { grpcProblems } from "../grpc-problems.ts";
import type { GrpcLimits } from "../limits.ts";
import type { Answer, AnsweredMethod, Methods, Watch } from "../method.ts";
import { type StatusCode, statusCodes } from "../status.ts";
import type { Mark } from "../../trace/span.ts";
import { createAnswerStream } from "./answer-stream.ts";
import { type CallHead, givenRequestId, readCallHead } from "./call-head.ts";
import { readRequests } from "./requests.ts";
import type { Ticket } from "./ticket.ts";

/** A call that is over, for metrics and the log. */
export interface CallReport {
  /** As `package.Service/Method`, or `unknown`: whatever a client makes up never becomes a label. */
  readonly method: string;
  readonly code: StatusCode;
  readonly seconds: number;
  readonly id: string;
  readonly headers: IncomingHttpHeaders;
  /** None where nobody traces. */
  readonly marks: readonly Mark[];
}

export interface CallOptions {
  readonly methods: Methods;
  readonly limits: GrpcLimits;
  readonly openTicket: () => Ticket;
  /** Memory of large messages. */
  readonly pool: BufferPool;
  readonly now: () => number;
  readonly newRequestId: () => string;
  /** Whether the moments of calls are wanted. */
  readonly isTraced: boolean;
  /** Once for each call, after {@link beginCall} has given it. */
  readonly onOver: (call: Call, report: CallReport) => void;
  /** The client did not take its answer in time. */
  readonly onStuck: () => void;
  /** Something failed that should not; the client hears no more than that. */
  readonly onFault: (id: string, error: unknown) => void;
}

export interface Call {
  /** Looks at the time: to be called now and then. */
  readonly sweep: () => void;
  /** The connection is about to end: a call that would last for ever ends with it. */
  readonly endWatch: () => void;
}

/** One stream of a connection, from its head to its end. */
export function beginCall(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, options: CallOptions): Call {
  const { limits, now } = options;
  const begun = now();
  const id = givenRequestId(headers) ?? options.newRequestId();
  const answers = createAnswerStream(stream, id);
  const marks: Mark[] | undefined = options.isTraced ? [] : undefined;
  const ticket = options.openTicket();
  let methodName = "unknown";
  let deadline: number | undefined;
  /** When the message began to be awaited that is still to come; undefined when none is. */
  let awaitedSince: number | undefined = begun;
  let received = (): number => 0;
  let release: () => void = ignore;
  /** Of requests that come one after the other: the client may think between them. */
  let isExchange = false;
  /** When the client must have taken the answer; undefined as long as there is none. */
  let takenBy: number | undefined;
  let watch: { readonly of: Watch; state: number } | undefined;

  const refuse = (problem: Problem): void => {
    if (answers.code() !== undefined) return;
    awaitedSince = undefined;
    watch = undefined;
    takenBy = now() + limits.graceSeconds * 1000;
    if (problem.status === 405 || problem.code === "NotGrpc") answers.refuseAsHttp(problem);
    else answers.refuse(problem);
  };

  const fault = (error: unknown): void => {
    options.onFault(id, error);
    refuse(problems.internal());
  };

  const expired = (): boolean => deadline !== undefined && now() >= deadline;

  const finish = (answer: Answer): void => {
    if (answers.isGone() || answers.code() !== undefined) return;
    if (isProblem(answer)) return refuse(answer);
    if (expired()) return refuse(grpcProblems.deadlineExceeded());
    const size = answer.reduce((total, piece) => total + piece.length, 0);
    takenBy = now() + (limits.graceSeconds + size / limits.bytesPerSecond) * 1000;
    answers.only(answer);
  };

  const onRequest = (method: AnsweredMethod, message: Bytes): void => {
    if (answers.isGone() || answers.code() !== undefined) return;
    if (method.kind === "exchange") {
      awaitedSince = now();
      const answer = method.answer(message);
      if (isProblem(answer)) refuse(answer);
      else answers.message(answer);
      return;
    }
    awaitedSince = undefined;
    if (expired()) return refuse(grpcProblems.deadlineExceeded());
    if (method.kind === "unary") {
      marks?.push({ name: "received", at: now() });
      const answer = method.answer(message, { id, deadline, isGone: answers.isGone, hold: ticket.take, marks });
      if (answer instanceof Promise) answer.then(finish).catch(fault);
      else finish(answer);
      return;
    }
    const of = method.watch(message);
    if (isProblem(of)) return refuse(of);
    watch = { of, state: of.state() };
    answers.message(of.answer(watch.state));
  };

  const listen = (head: CallHead): void => {
    const method = options.methods.get(head.path);
    if (method === undefined) return refuse(grpcProblems.unknownMethod(head.path));
    methodName = head.path.slice(1);
    if (method.kind === "refused") return refuse(method.problem);
    if (head.timeout !== undefined) deadline = begun + head.timeout;
    isExchange = method.kind === "exchange";
    ({ received, release } = readRequests(stream, {
      method,
      encoding: head.encoding,
      pool: options.pool,
      // What is small is bounded by its connection, and an exchange may last: it reserves nothing.
      take: method.kind === "unary" ? ticket.take : () => true,
      onRequest(message) {
        try {
          onRequest(method, message);
        } catch (error) {
          fault(error);
        }
      },
      onEnd() {
        if (method.kind !== "exchange") return;
        awaitedSince = undefined;
        takenBy = now() + limits.graceSeconds * 1000;
        answers.end();
      },
      onProblem: refuse,
      onFault: fault,
    }));
  };

  // A stream that breaks closes, too, and an error event without a listener would end the process.
  stream.on("error", ignore);
  stream.on("close", () => {
    release();
    ticket.give();
    const code = stream.rstCode === 0 ? (answers.code() ?? statusCodes.cancelled) : statusCodes.cancelled;
    const seconds = (now() - begun) / 1000;
    // Streams that Node has closed are held until the next full collection, and with them what listens (ADR 15).
    stream.removeAllListeners().on("error", ignore);
    options.onOver(call, { method: methodName, code, seconds, id, headers, marks: marks ?? [] });
  });

  const call: Call = {
    sweep() {
      if (answers.isGone()) return;
      const time = now();
      if (takenBy !== undefined) {
        if (time <= takenBy) return;
        // Nothing else would end it: the client leaves the answer where it is.
        stream.close(constants.NGHTTP2_CANCEL);
        options.onStuck();
        return;
      }
      if (expired()) return refuse(grpcProblems.deadlineExceeded());
      if (awaitedSince !== undefined) {
        const seconds = (time - awaitedSince) / 1000;
        const expected = isExchange ? limits.messageSeconds : limits.graceSeconds + received() / limits.bytesPerSecond;
        if (seconds > Math.min(expected, limits.messageSeconds)) refuse(grpcProblems.messageTimedOut(seconds));
      }
      if (watch === undefined) return;
      const state = watch.of.state();
      if (state === watch.state) return;
      watch.state = state;
      answers.message(watch.of.answer(state));
    },
    endWatch() {
      if (watch !== undefined) refuse(problems.notReady("the server ends this connection"));
    },
  };

  const head = readCallHead(headers);
  if (isProblem(head)) refuse(head);
  else listen(head);
  return call;
}

function ignore(): void {
  // Nothing: see the place of its use.
}
