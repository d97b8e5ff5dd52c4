import type { Socket } from "node:net";
import { httpProblems } from "./http-problems.ts";
import { createBufferPool } from "../bytes/buffer-pool.ts";
import { Connection } from "./connection.ts";
import type { ConnectionContext } from "./connection-context.ts";
import type { AnswerHeaders, Handler } from "./handler.ts";
import { defaultLimits, type HttpLimits } from "./limits.ts";
import { refusalBytes } from "./answer/problem-reply.ts";
import { dateLine } from "./answer/reply-head.ts";
import { createSharedReads } from "./shared-reads.ts";

export interface HttpServerOptions {
  readonly handler: Handler;
  /** Asked when an answer is written: true ends the connection after it. `opened`: `now()` when it was taken over. */
  readonly isLast: (opened: number) => boolean;
  /** Beyond it the connection that has been idle longest makes room; when none is idle, the new one is refused. */
  readonly maximumConnections: number;
  /** Monotonic, milliseconds. */
  readonly now: () => number;
  readonly newRequestId: () => string;
  /** The handler, or the parts of its answer, threw. The request was answered with 500, or its connection cut. */
  readonly fault: (error: unknown, requestId: string) => void;
  readonly limits?: Partial<HttpLimits>;
  /** Headers beside its own for each answer to an exchange, those of the layer itself included. */
  readonly answerHeaders?: AnswerHeaders;
}

/** HTTP/1.1 (RFC 9112) on sockets that somebody else accepts, which must allow to be half open. */
export interface HttpServer {
  /** Takes over an open socket; `first` was read from it already. */
  serve(socket: Socket, first?: Uint8Array): void;
  /** Open connections, those that are being closed included. */
  connections(): number;
  /** Requests whose head was read and that are not over. */
  exchanges(): number;
  /** Ends connections on which nothing is under way. The others end with their answer, once `isLast` says so. */
  endIdle(): void;
  destroyAll(): void;
}

export function createHttpServer(options: HttpServerOptions): HttpServer {
  const limits = { ...defaultLimits, ...options.limits };
  const { handler, isLast, now, newRequestId, fault } = options;
  const context: ConnectionContext = {
    handler,
    isLast,
    now,
    newRequestId,
    fault,
    answerHeaders: options.answerHeaders ?? none,
    limits,
    pool: createBufferPool(limits.pooledBytes),
    parsers: [],
    reads: createSharedReads(),
    connections: new Set(),
    idle: new Set(),
    awake: 0,
    date: dateLine(new Date()),
    exchanges: 0,
  };
  let timer: NodeJS.Timeout | undefined;

  /**
   * The one clock of all limits. A model that runs stops the process, and what clients send meanwhile waits in the
   * kernel: they are not late for it. So time is counted in sweeps, of which a stop of any length holds one.
   */
  const sweep = (): void => {
    context.awake += limits.sweepMilliseconds;
    context.date = dateLine(new Date());
    for (const connection of context.connections) connection.sweep();
    if (context.connections.size > 0) return;
    clearInterval(timer);
    timer = undefined;
    context.pool.clear();
  };

  const makeRoom = (): boolean => {
    if (context.connections.size < options.maximumConnections) return true;
    for (const longest of context.idle) {
      longest.destroy();
      return true;
    }
    return false;
  };

  return {
    serve(socket, first) {
      if (timer === undefined) {
        context.date = dateLine(new Date());
        timer = setInterval(sweep, limits.sweepMilliseconds).unref();
      }
      if (!makeRoom()) return refuse(socket, options, context.date);
      const connection: Connection = new Connection(
        context.reads.adopt(socket, (chunk) => connection.take(chunk)),
        context,
      );
      if (first !== undefined && first.length > 0) connection.take(first);
    },
    connections: () => context.connections.size,
    exchanges: () => context.exchanges,
    endIdle() {
      for (const connection of context.idle) connection.end();
    },
    destroyAll() {
      for (const connection of context.connections) connection.destroy();
    },
  };
}

/** Not kept for its client to read the answer: that would be room for as many connections again. */
function refuse(socket: Socket, { maximumConnections, newRequestId }: HttpServerOptions, date: string): void {
  socket.on("error", () => socket.destroy());
  socket.end(refusalBytes(httpProblems.connectionsTooMany(maximumConnections), newRequestId(), date), "latin1", () =>
    socket.destroy(),
  );
}

function none(): undefined {
  // An answer has what its reply says.
}
