import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import type { AddressInfo, Socket } from "node:net";

/** What to do with a request instead of passing it on and its answer back. */
export type Fault =
  /** Answer in the API server's place; it never hears of the request. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: object;
    }
  /** Reset the connection before the API server hears of the request. */
  | { readonly kind: "reset" }
  /** Let the API server do it, then reset the connection instead of passing its answer on. */
  | { readonly kind: "done-then-reset" }
  /** Pass on another path or query. */
  | { readonly kind: "rewrite"; readonly url: string };

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  /** `performance.now()` at its arrival. */
  readonly at: number;
  readonly status: number;
  /** Header of the API server's answer: what it finds wrong with a request that it carries out all the same. */
  readonly warning?: string | undefined;
}

/** A reverse proxy on loopback, plain HTTP in front and the real API server behind, that can spoil what passes. */
export interface FaultProxy {
  readonly url: string;
  readonly seen: SeenRequest[];
  /** Asked for every request; undefined passes it on. */
  fault: (method: string, url: string) => Fault | undefined;
  /** Resets every open connection. */
  cut(): void;
  /** From now on nothing comes through the answers that are under way (watches); their connections stay open. */
  silence(): void;
  openConnections(): number;
  close(): Promise<void>;
}

export async function startFaultProxy(target: {
  readonly server: string;
  readonly caPem: string;
  readonly token: string;
}): Promise<FaultProxy> {
  const agent = new Agent({ ca: target.caPem, keepAlive: true });
  const sockets = new Set<Socket>();
  const answering = new Set<Socket>();
  const silenced = new WeakSet<Socket>();

  const forward = (url: string, incoming: IncomingMessage, response: ServerResponse, dropAnswer: boolean): void => {
    const record = ({ statusCode: status = 0, headers: { warning } }: IncomingMessage): void => {
      proxy.seen.push({
        method: incoming.method ?? "",
        url: incoming.url ?? "",
        at: performance.now(),
        status,
        warning,
      });
    };
    const headers = { ...incoming.headers, authorization: `Bearer ${target.token}`, host: new URL(target.server).host };
    const upstream = httpsRequest(`${target.server}${url}`, { method: incoming.method ?? "GET", headers, agent });
    upstream.on("response", (answer) => {
      record(answer);
      if (dropAnswer) {
        answer.resume();
        answer.on("end", () => incoming.socket.resetAndDestroy());
        return;
      }
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      response.flushHeaders();
      answering.add(incoming.socket);
      answer.on("data", (chunk: Buffer) => {
        if (!silenced.has(incoming.socket)) response.write(chunk);
      });
      answer.on("end", () => {
        answering.delete(incoming.socket);
        if (!silenced.has(incoming.socket)) response.end();
      });
      answer.on("error", () => incoming.socket.resetAndDestroy());
    });
    upstream.on("error", () => incoming.socket.resetAndDestroy());
    response.on("close", () => upstream.destroy());
    incoming.pipe(upstream);
  };

  const server: Server = createServer((incoming, response) => {
    const url = incoming.url ?? "/";
    const fault = proxy.fault(incoming.method ?? "", url);
    switch (fault?.kind) {
      case undefined:
        forward(url, incoming, response, false);
        return;
      case "done-then-reset":
        forward(url, incoming, response, true);
        return;
      case "rewrite":
        forward(fault.url, incoming, response, false);
        return;
      case "reset":
        proxy.seen.push({ method: incoming.method ?? "", url, at: performance.now(), status: 0 });
        incoming.socket.resetAndDestroy();
        return;
      case "answer":
        proxy.seen.push({ method: incoming.method ?? "", url, at: performance.now(), status: fault.status });
        incoming.resume();
        response.writeHead(fault.status, { "content-type": "application/json", ...fault.headers });
        response.end(JSON.stringify(fault.body ?? {}));
    }
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined); // the other side was reset on purpose
    socket.on("close", () => {
      sockets.delete(socket);
      answering.delete(socket);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });

  const proxy: FaultProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen: [],
    fault: () => undefined,
    cut: () => {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    silence: () => {
      for (const socket of answering) silenced.add(socket);
    },
    openConnections: () => sockets.size,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
      agent.destroy();
    },
  };
  return proxy;
}
