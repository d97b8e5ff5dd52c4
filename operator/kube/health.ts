import { type Server, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Registry } from "prom-client";
import type { Log } from "./log.ts";

export interface WatchedCache {
  readonly name: string;
  synced(): boolean;
  lagMs(): number;
}

export interface HealthServerOptions {
  /** Every address of both families when left out. */
  readonly host?: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly caches: readonly WatchedCache[];
  readonly registry: Registry;
  readonly log: Log;
}

/**
 * `GET /healthz`: 200 while the event loop turns. `GET /readyz`: 200 when every cache is synced and no watch has been
 * away for {@link longestLagMs}, else 503; the body names each cache. `GET /metrics`: Prometheus text.
 */
export interface HealthServer {
  /** Resolves with the bound port; rejects when it cannot be bound. */
  start(): Promise<number>;
  stop(): Promise<void>;
}

/** A watch that broke is back in seconds; after a minute the caches are too old for new decisions. */
export const longestLagMs = 60_000;
/** Probes and scrapers send a line and a few headers. */
const requestTimeoutMs = 5_000;

export function createHealthServer(options: HealthServerOptions): HealthServer {
  const server = createServer(
    { requestTimeout: requestTimeoutMs, headersTimeout: requestTimeoutMs },
    (request, response) => {
      answer(request.url ?? "/", response, options).catch((error: unknown) => {
        options.log.error({ err: error, url: request.url }, "the health server could not answer");
        if (!response.headersSent) respond(response, 500, "could not answer; see the log\n");
        else response.destroy();
      });
    },
  );
  return {
    start: () => listen(server, options),
    stop: async () => {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      server.closeAllConnections();
      await closed.promise;
    },
  };
}

async function answer(url: string, response: ServerResponse, options: HealthServerOptions): Promise<void> {
  const path: string = url.split("?")[0] ?? "";
  switch (path) {
    case "/healthz":
      respond(response, 200, "ok\n");
      return;
    case "/readyz": {
      const states = options.caches.map((cache) => stateOf(cache));
      const ready = states.every(({ ok }) => ok);
      respond(response, ready ? 200 : 503, states.map(({ line }) => `${line}\n`).join(""));
      return;
    }
    case "/metrics":
      respond(response, 200, await options.registry.metrics(), options.registry.contentType);
      return;
    default:
      respond(response, 404, "not found; there are /healthz, /readyz and /metrics\n");
  }
}

function stateOf(cache: WatchedCache): { readonly ok: boolean; readonly line: string } {
  if (!cache.synced()) return { ok: false, line: `${cache.name}: not synced` };
  const lagMs = Math.round(cache.lagMs());
  return lagMs > longestLagMs
    ? { ok: false, line: `${cache.name}: no watch for ${lagMs} ms` }
    : { ok: true, line: `${cache.name}: ok` };
}

function respond(response: ServerResponse, status: number, body: string, type = "text/plain; charset=utf-8"): void {
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body) });
  response.end(body);
}

function listen(server: Server, { host, port }: HealthServerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
