import { kubeconfigAccess } from "../../operator/kube/transport/credentials.ts";
import { systemClock } from "../../operator/kube/clock.ts";
import { failed } from "../complaint.ts";
import { type Content, exchange, type ServerAnswer } from "./exchange.ts";
import { forwardToPod } from "./forward/forward-to-pod.ts";
import type { Server } from "./server.ts";
import { routesFor, type ServerEdge } from "./server-routes.ts";

export interface ClusterOptions {
  readonly name: string;
  readonly namespace: string | undefined;
  readonly context: string | undefined;
  readonly kubeconfig: string | undefined;
  readonly timeoutSeconds: number;
}

/**
 * The Service of a model through the API server's proxy: works from wherever kubectl does, with the same rights, and
 * needs no port to be forwarded (Kubernetes API, "connect GET requests to proxy of Service"). The proxy speaks HTTP/1.1
 * alone, so gRPC goes to a pod by `portforward`.
 */
export async function clusterServer(options: ClusterOptions, edge: ServerEdge): Promise<Server> {
  const access = await kubeconfigAccess({
    file: options.kubeconfig,
    context: options.context,
    clock: systemClock,
  }).catch(unusable);
  // What client-node falls back to, as kubectl once did.
  if (access.server === "http://localhost:8080" && options.kubeconfig === undefined) {
    throw failed("no kubeconfig was found: name one with --kubeconfig FILE or KUBECONFIG, or a server with --url URL");
  }
  const namespace = options.namespace ?? access.namespace ?? "default";
  const name = encodeURIComponent(options.name);
  const tls = await access.credentials.tls().catch(unusable);
  const authorization = await access.credentials.authorization().catch(unusable);
  const routes = routesFor(options.timeoutSeconds, edge, tls);
  const headers = authorization === undefined ? {} : { authorization };
  const sending = { routes, headers, signal: edge.interrupted };
  const send = (path: string, content?: Content): Promise<ServerAnswer> =>
    exchange(`${access.server}${path}`, content, sending);
  const space = encodeURIComponent(namespace);
  const server: Server = {
    shown: `${namespace}/${options.name}`,
    ask: (path, content) => send(`/api/v1/namespaces/${space}/services/${name}:http/proxy${path}`, content),
    connect: () => forwardToPod(access.server, namespace, options.name, { server, send, ...sending }),
    model: () => send(`/apis/slipway.dev/v1alpha1/namespaces/${space}/modeldeployments/${name}`),
    close: () => routes.destroy(),
  };
  return server;
}

/** Of a file that cannot be read, and of what it says: an exec plug-in that fails, a server without TLS. */
function unusable(error: unknown): never {
  throw failed(
    `the kubeconfig cannot be used: ${error instanceof Error ? error.message : String(error)}. Check --kubeconfig and --context, or KUBECONFIG`,
    error,
  );
}
