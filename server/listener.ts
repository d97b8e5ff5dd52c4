import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { App } from "./app.ts";
import type { Connections } from "./connections.ts";
import { type Problem, problems } from "./errors.ts";
import { problemJson } from "./exchange.ts";

export interface ListenerOptions {
  readonly app: App;
  readonly connections: Connections;
  /** A body may take this long; the whole request a little longer. */
  readonly bodySeconds: number;
}

/** Node's own default; prediction requests carry few headers. */
const maximumHeaderBytes = 16 * 1024;
const headerSeconds = 15;
/**
 * Longer than clients and proxies keep a connection: the side that closes an idle connection may lose a request that is
 * on its way, so that side must be the client.
 */
const keepAliveSeconds = 3600;
/** Dead peers are found by TCP, as idle connections are kept that long. */
const tcpKeepAliveSeconds = 60;
/** An idle connection costs about 10 KiB; more than this is no load balancer but an attack. */
const maximumConnections = 10_000;
/** How long a client that sent something else than a request may take to read why. */
const refusalMilliseconds = 1000;

/** The prediction port as a server: limits on headers, time and connections, and answers where no request came to be. */
export function createListener({ app, connections, bodySeconds }: ListenerOptions): Server {
  const requestSeconds = bodySeconds + headerSeconds;
  const server = createServer({
    maxHeaderSize: maximumHeaderBytes,
    headersTimeout: headerSeconds * 1000,
    requestTimeout: requestSeconds * 1000,
    connectionsCheckingInterval: 1000,
    keepAliveTimeout: keepAliveSeconds * 1000,
    keepAlive: true,
    keepAliveInitialDelay: tcpKeepAliveSeconds * 1000,
    requireHostHeader: false,
  });
  server.maxConnections = maximumConnections;
  server.on("connection", connections.open);
  server.on("request", (request: IncomingMessage, response: ServerResponse) => app(request, response));
  // `Expect: 100-continue`: a body that will be refused is better not sent at all.
  server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) =>
    app(request, response, () => response.writeContinue()),
  );
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === "ECONNRESET" || !socket.writable || connections.isBusy(socket)) {
      socket.destroy();
      return;
    }
    refuse(socket, clientProblem(error));
  });
  return server;
}

export function listen(server: Server, port: number, address: string | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, ...(address === undefined ? {} : { host: address }) }, () => {
      server.off("error", reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

export interface ListenError extends Error {
  readonly code: string;
  readonly port: number;
}

/** Whether {@link listen} failed: the port is taken, reserved or on no address of this machine. */
export function isListenError(error: unknown): error is ListenError {
  return error instanceof Error && "syscall" in error && error.syscall === "listen" && "port" in error;
}

function clientProblem({ code }: NodeJS.ErrnoException): Problem {
  if (code === "HPE_HEADER_OVERFLOW") return problems.headerTooLarge(maximumHeaderBytes);
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return problems.headerTimedOut();
  return problems.notHttp();
}

const reasons: Readonly<Record<number, string>> = {
  400: "Bad Request",
  408: "Request Timeout",
  431: "Request Header Fields Too Large",
};

function refuse(socket: Socket, problem: Problem): void {
  const body = problemJson(problem);
  const head = [
    `HTTP/1.1 ${problem.status} ${reasons[problem.status] ?? ""}`,
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(body)}`,
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), refusalMilliseconds);
  socket.once("close", () => clearTimeout(timer));
}
