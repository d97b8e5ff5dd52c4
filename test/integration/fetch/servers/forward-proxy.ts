import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, request as ask, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { connect, type Socket } from "node:net";
import type { Authority } from "./authority.ts";

export interface ForwardProxy {
  /** `127.0.0.1:port`. */
  readonly host: string;
  /** `CONNECT host:port` for each tunnel, and `GET http://host/path` for each request that it passed on. */
  readonly seen: readonly string[];
  close(): Promise<void>;
}

export interface ForwardProxyOptions {
  /** Who speaks TLS with the proxy itself. */
  readonly authority?: Authority;
  /** `name:password` to demand. */
  readonly credentials?: string;
  /** What it answers to everything, in place of passing it on: a status, or nothing at all. */
  readonly answers?: number | "nothing";
  /** `Proxy-Authenticate` of a refusal. */
  readonly challenges?: readonly string[];
  /** With which it opens a tunnel. */
  readonly opens?: string;
}

/**
 * An HTTP proxy as networks have them (RFC 9110 §9.3.6, RFC 9112 §3.2.2). It alone knows the names below
 * `.example.test`, all of which are loopback: nobody gets there past it.
 */
export async function startForwardProxy(options: ForwardProxyOptions = {}): Promise<ForwardProxy> {
  const {
    authority,
    credentials,
    answers,
    challenges = ['Basic realm="proxy"'],
    opens = "200 Connection established",
  } = options;
  const seen: string[] = [];
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  };
  const wanted = credentials === undefined ? undefined : `Basic ${Buffer.from(credentials).toString("base64")}`;
  /** Undefined: pass it on. */
  const refusal = (request: IncomingMessage): number | "nothing" | undefined => {
    if (wanted !== undefined && request.headers["proxy-authorization"] !== wanted) return 407;
    return answers;
  };

  const forward = (request: IncomingMessage, response: ServerResponse): void => {
    seen.push(`${request.method} ${request.url}`);
    const status = refusal(request);
    if (status === "nothing") return;
    if (status !== undefined) {
      response.writeHead(status, { "proxy-authenticate": [...challenges] }).end("of the proxy");
      return;
    }
    const { hostname, port, pathname, search } = new URL(request.url ?? "/");
    if (!isKnown(hostname)) {
      response.writeHead(502).end("no such host");
      return;
    }
    const { "proxy-authorization": _, "proxy-connection": __, ...headers } = request.headers;
    const upstream = ask(
      { host: "127.0.0.1", port: port || "80", path: `${pathname}${search}`, method: request.method ?? "GET", headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    upstream.on("error", () => response.destroy());
    request.pipe(upstream);
  };

  const tunnel = (request: IncomingMessage, client: Socket): void => {
    seen.push(`CONNECT ${request.url}`);
    const status = refusal(request);
    if (status === "nothing") return;
    const [name = "", port] = (request.url ?? "").split(":");
    if (status !== undefined || !isKnown(name)) {
      client.end(
        `HTTP/1.1 ${status ?? 502} No\r\n${challenges.map((one) => `proxy-authenticate: ${one}\r\n`).join("")}content-length: 0\r\n\r\n`,
      );
      return;
    }
    const upstream = connect(Number(port), "127.0.0.1", () => {
      client.write(`HTTP/1.1 ${opens}\r\n\r\n`);
      upstream.pipe(client).pipe(upstream);
    });
    keep(upstream);
    upstream.on("close", () => client.destroy());
    client.on("close", () => upstream.destroy());
  };

  const server: Server =
    authority === undefined
      ? createServer(forward)
      : createTlsServer(
          { cert: await readFile(authority.certificatePath), key: await readFile(authority.keyPath) },
          forward,
        );
  server.on("connection", keep);
  server.on("connect", tunnel);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port was given");
  return {
    host: `127.0.0.1:${address.port}`,
    seen,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function isKnown(name: string): boolean {
  return name.endsWith(".example.test");
}
