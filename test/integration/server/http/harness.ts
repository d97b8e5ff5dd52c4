import type { BodyPlan } from "../../../../server/bytes/body-store.ts";
import { connect, createServer, type Socket } from "node:net";
import { after } from "node:test";
import type { Exchange, ExchangeEnd, Reply } from "../../../../server/http/handler.ts";
import { createHttpServer, type HttpServer, type HttpServerOptions } from "../../../../server/http/http-server.ts";

/** The HTTP layer of a shard on a port of its own, with a handler that a test says. */
export interface ServedHttp {
  readonly port: number;
  readonly server: HttpServer;
  /** Of each exchange, in the order in which they were over. */
  readonly overs: readonly Over[];
  readonly faults: readonly unknown[];
  /** Bytes that were reserved and are given back in `over`. */
  readonly taken: () => number;
  /** The most that was ever reserved at once. */
  readonly peak: () => number;
  /** Resolves when so many exchanges are over. */
  readonly over: (count: number) => Promise<void>;
}

export interface Over {
  readonly id: string;
  readonly path: string;
  readonly status: number;
  readonly code: string | undefined;
  readonly end: ExchangeEnd;
}

export interface ServeOptions extends Partial<Omit<HttpServerOptions, "handler">> {
  readonly head?: (exchange: Exchange, plan: BodyPlan) => BodyPlan | undefined;
  readonly whole?: (exchange: Exchange, body: Uint8Array) => void;
  readonly onOver?: (exchange: Exchange, end: ExchangeEnd) => void;
  readonly limitBytes?: number;
  /** What all bodies together may reserve. */
  readonly memoryBytes?: number;
}

export const megabyte = 1024 * 1024;

const cleanups: (() => void)[] = [];
after(() => {
  for (const cleanup of cleanups) cleanup();
});

export async function serveHttp(options: ServeOptions = {}): Promise<ServedHttp> {
  const { limitBytes = 64 * megabyte, memoryBytes = 256 * megabyte } = options;
  const overs: Over[] = [];
  const faults: unknown[] = [];
  const taken = new Map<Exchange, number>();
  const waiters = new Set<() => void>();
  let total = 0;
  let peak = 0;
  let ids = 0;
  const server = createHttpServer({
    isLast: () => false,
    maximumConnections: 1000,
    now: () => performance.now(),
    newRequestId: () => `new-${++ids}`,
    fault: (error) => faults.push(error),
    ...options,
    handler: {
      head(exchange) {
        taken.set(exchange, 0);
        const plan: BodyPlan = {
          limitBytes,
          take(bytes) {
            if (total + bytes > memoryBytes) return false;
            total += bytes;
            peak = Math.max(peak, total);
            taken.set(exchange, (taken.get(exchange) ?? 0) + bytes);
            return true;
          },
        };
        return options.head === undefined ? plan : options.head(exchange, plan);
      },
      whole: options.whole ?? echo,
      over(exchange, end) {
        total -= taken.get(exchange) ?? 0;
        taken.delete(exchange);
        const { id, path, status, refusal } = exchange;
        overs.push({ id, path, status, code: refusal?.code, end });
        options.onOver?.(exchange, end);
        for (const look of waiters) look();
      },
    },
  });
  const listener = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => server.serve(socket));
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  cleanups.push(() => {
    listener.close();
    server.destroyAll();
  });
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    server,
    overs,
    faults,
    taken: () => total,
    peak: () => peak,
    over: (count) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (overs.length < count) return;
          waiters.delete(look);
          resolve();
        };
        waiters.add(look);
        look();
      }),
  };
}

/** What the server understood, as JSON. */
function echo(exchange: Exchange, body: Uint8Array): void {
  const { method, path, query, id } = exchange;
  answerJson(exchange, { method, path, query, id, bytes: body.length });
}

export function answerJson(exchange: Exchange, value: unknown, more: Partial<Reply> = {}): void {
  const headers = { "content-type": "application/json" };
  exchange.answer({ status: 200, headers, parts: [JSON.stringify(value)], ...more });
}

/** A client that sends bytes as they are. */
export interface Client {
  readonly socket: Socket;
  readonly send: (bytes: string | Uint8Array) => void;
  /** What came so far, as Latin-1. */
  readonly text: () => string;
  /** Resolves when what came matches; rejects when the connection closes before. */
  readonly until: (pattern: RegExp) => Promise<string>;
  /** Everything, when the server has closed the connection. */
  readonly closed: Promise<string>;
}

export function client(port: number, bytes: string | Uint8Array = ""): Client {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
  cleanups.push(() => socket.destroy());
  let text = "";
  const waiters = new Set<() => void>();
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
    for (const look of waiters) look();
  });
  socket.on("error", () => undefined);
  const closed = new Promise<string>((resolve) => {
    socket.on("end", () => socket.end());
    socket.on("close", () => resolve(text));
  });
  if (bytes.length > 0) socket.write(bytes);
  return {
    socket,
    send: (more) => socket.write(more),
    text: () => text,
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!pattern.test(text)) return;
          waiters.delete(look);
          resolve(text);
        };
        waiters.add(look);
        void closed.then(() => reject(new Error(`closed before ${String(pattern)}: ${text.slice(0, 500)}`)));
        look();
      }),
    closed,
  };
}

/** Sends bytes and gives all that comes back; the connection must end by itself, or with our end when `isEnding`. */
export async function raw(port: number, bytes: string | Uint8Array, isEnding = false): Promise<string> {
  const { socket, closed } = client(port, bytes);
  if (isEnding) socket.end();
  return closed;
}

export function post(path: string, body: string, headers = ""): string {
  return `POST ${path} HTTP/1.1\r\nhost: a\r\n${headers}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}
