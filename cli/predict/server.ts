import { request } from "undici";
import { kubeconfigAccess, type TlsMaterial } from "../../operator/kube/credentials.ts";
import { systemClock } from "../../operator/kube/clock.ts";
import { errorCode } from "../../server/fetch/failure.ts";
import { connectErrorOf } from "../../server/fetch/http/connect.ts";
import { connectionProblem } from "../../server/fetch/http/connection-problem.ts";
import { createRoutes, type Routes } from "../../server/fetch/http/routes.ts";
import { readProxies } from "../access.ts";
import { failed, isComplaint } from "../complaint.ts";
import type { Edge } from "../edge.ts";

export interface ServerAnswer {
  readonly status: number;
  readonly text: string;
}

/** One way to a model's server. */
export interface Server {
  /** For messages: `models/iris`, or the URL. */
  readonly shown: string;
  /** Sends to a path of the server; a body makes it a POST. */
  readonly ask: (path: string, body?: string) => Promise<ServerAnswer>;
  /** Reads an object of the cluster; undefined where there is no cluster behind it, or no right to read it. */
  readonly model: () => Promise<ServerAnswer | undefined>;
  readonly close: () => Promise<void>;
}

export interface ClusterOptions {
  readonly name: string;
  readonly namespace: string | undefined;
  readonly context: string | undefined;
  readonly kubeconfig: string | undefined;
  readonly timeoutSeconds: number;
}

/** Answers of predictions may be large; without an end they are an error. */
const longestAnswerBytes = 256 * 1024 * 1024;

/**
 * The Service of a model through the API server's proxy: works from wherever kubectl does, with the same rights, and
 * needs no port to be forwarded (Kubernetes API, "connect GET requests to proxy of Service").
 */
export async function clusterServer(
  options: ClusterOptions,
  edge: Pick<Edge, "interrupted" | "now" | "variables">,
): Promise<Server> {
  const access = await kubeconfigAccess({
    file: options.kubeconfig,
    context: options.context,
    clock: systemClock,
  }).catch((error: unknown) => {
    throw failed(
      `the kubeconfig cannot be used: ${error instanceof Error ? error.message : String(error)}. Check --kubeconfig and --context, or KUBECONFIG`,
      error,
    );
  });
  // What client-node falls back to, as kubectl once did.
  if (access.server === "http://localhost:8080" && options.kubeconfig === undefined) {
    throw failed("no kubeconfig was found: name one with --kubeconfig FILE or KUBECONFIG, or a server with --url URL");
  }
  const namespace = options.namespace ?? access.namespace ?? "default";
  const name = encodeURIComponent(options.name);
  const tls = await access.credentials.tls();
  const authorization = await access.credentials.authorization();
  const routes = routesFor(options.timeoutSeconds, edge, tls);
  const headers = authorization === undefined ? {} : { authorization };
  const send = (path: string, body: string | undefined): Promise<ServerAnswer> =>
    exchange(`${access.server}${path}`, body, { routes, headers, signal: edge.interrupted });
  const space = encodeURIComponent(namespace);
  return {
    shown: `${namespace}/${options.name}`,
    ask: (path, body) => send(`/api/v1/namespaces/${space}/services/${name}:http/proxy${path}`, body),
    model: () => send(`/apis/slipway.dev/v1alpha1/namespaces/${space}/modeldeployments/${name}`, undefined),
    close: () => routes.destroy(),
  };
}

/** A server that is reached without a cluster. */
export function directServer(
  url: string,
  timeoutSeconds: number,
  edge: Pick<Edge, "interrupted" | "now" | "variables">,
): Server {
  const routes = routesFor(timeoutSeconds, edge);
  const base = url.replace(/\/+$/, "");
  return {
    shown: base,
    ask: (path, body) => exchange(`${base}${path}`, body, { routes, headers: {}, signal: edge.interrupted }),
    model: () => Promise.resolve(undefined),
    close: () => routes.destroy(),
  };
}

function routesFor(timeoutSeconds: number, edge: Pick<Edge, "now" | "variables">, tls: TlsMaterial = {}): Routes {
  const limits = { idleMilliseconds: timeoutSeconds * 1000 };
  return createRoutes({ certificateAuthority: undefined, proxies: readProxies(edge), limits, now: edge.now, tls });
}

interface Exchange {
  readonly routes: Routes;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

async function exchange(
  address: string,
  content: string | undefined,
  { routes, headers, signal }: Exchange,
): Promise<ServerAnswer> {
  const { dispatcher, shown } = routes.for(new URL(address));
  try {
    const { statusCode, body } = await request(address, {
      dispatcher,
      method: content === undefined ? "GET" : "POST",
      headers: { accept: "application/json", "content-type": "application/json", ...headers },
      body: content ?? null,
      signal,
    });
    return { status: statusCode, text: await textOf(body as AsyncIterable<Uint8Array>) };
  } catch (error) {
    throw connectionComplaint(error, shown);
  }
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > longestAnswerBytes) throw failed(`the answer has more than ${longestAnswerBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function connectionComplaint(error: unknown, host: string): Error {
  if (isComplaint(error)) return error;
  const code = errorCode(error);
  if (code === "UND_ERR_HEADERS_TIMEOUT" || code === "UND_ERR_BODY_TIMEOUT") {
    return failed(`${host} did not answer in time: give it longer with --timeout SECONDS`, error);
  }
  if (code === "ECONNREFUSED" && connectErrorOf(error)?.isToProxy !== true)
    return failed(`nothing listens at ${host}: is it the right address, and up?`, error);
  // Silence has been told above; what is left names its own time.
  return failed(connectionProblem(error, host, 0).words, error);
}
