import type { TlsMaterial } from "../../operator/kube/credentials.ts";
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
  return createRoutes({ certificateAuthority: undefined, proxies: readProxies(edge), limits, now: edge.now, tls });
}
