import { readProxies } from "../access.ts";
import { exchange } from "./exchange.ts";
import { connectForHttp2 } from "./grpc/connect-for-http2.ts";
import type { Server } from "./server.ts";
import { routesFor, type ServerEdge } from "./server-routes.ts";

/** A server that is reached without a cluster. */
export function directServer(url: string, timeoutSeconds: number, edge: ServerEdge): Server {
  const routes = routesFor(timeoutSeconds, edge);
  const base = url.replace(/\/+$/, "");
  return {
    shown: base,
    ask: (path, content) => exchange(`${base}${path}`, content, { routes, headers: {}, signal: edge.interrupted }),
    connect: () => connectForHttp2(new URL(base), timeoutSeconds, readProxies(edge), edge),
    model: () => Promise.resolve(undefined),
    close: () => routes.destroy(),
  };
}
