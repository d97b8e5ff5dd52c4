import type { TlsMaterial } from "../../operator/kube/transport/credentials.ts";
import { createRoutes, type Routes } from "../../server/fetch/http/routes.ts";
import { readProxies } from "../access.ts";
import type { Edge } from "../edge.ts";

/** What a way to a server takes of the process. */
export type ServerEdge = Pick<Edge, "interrupted" | "now" | "variables">;

/** Connections that wait for each step of an answer as long as the whole of it may take. */
export function routesFor(
  timeoutSeconds: number,
  edge: Pick<Edge, "now" | "variables">,
  tls: TlsMaterial = {},
): Routes {
  const limits = { idleMilliseconds: timeoutSeconds * 1000 };
  const proxies = readProxies(edge);
  // A port is forwarded by a WebSocket, whose upgrade kube-apiserver takes over HTTP/1.1 alone.
  return createRoutes({ certificateAuthority: undefined, proxies, limits, now: edge.now, tls, isHttp1: true });
}
