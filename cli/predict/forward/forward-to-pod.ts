import type { Duplex } from "node:stream";
import { randomBytes } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { ports } from "../../../server/contract.ts";
import { failed } from "../../complaint.ts";
import { connectionComplaint, type ExchangeOptions, type ServerAnswer, textOf } from "../exchange.ts";
import { refusal } from "../refusal.ts";
import type { Server } from "../server.ts";
import { forwardedPort, subprotocol } from "./forwarded-port.ts";

export interface ForwardOptions extends ExchangeOptions {
  /** Whose model it is, for messages. */
  readonly server: Server;
  /** GET at the API server. */
  readonly send: (path: string) => Promise<ServerAnswer>;
}

interface Service {
  readonly spec?: { readonly selector?: Readonly<Record<string, string>> };
}

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
    readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
  }[];
}

/** What has to be allowed for this way, beside what `services/proxy` takes. */
const neededRights = "get on services, list on pods, and get and create on pods/portforward";

/**
 * A connection to the gRPC port of a pod that the model's Service leads to, through the API server: the way of
 * `kubectl port-forward service/NAME`. Throws a complaint that says why there is none.
 */
export async function forwardToPod(
  apiServer: string,
  namespace: string,
  name: string,
  options: ForwardOptions,
): Promise<Duplex> {
  const base = `/api/v1/namespaces/${encodeURIComponent(namespace)}`;
  const service = await read<Service>(`${base}/services/${encodeURIComponent(name)}`, options);
  const labels = Object.entries(service.spec?.selector ?? {}).map(([label, value]) => `${label}=${value}`);
  const query = new URLSearchParams({ labelSelector: labels.join(",") });
  const { items } = await read<PodList>(`${base}/pods?${query.toString()}`, options);
  const pod = items.find(({ metadata, status }) => {
    const isReady = status?.conditions?.some((one) => one.type === "Ready" && one.status === "True") === true;
    return isReady && metadata.deletionTimestamp === undefined;
  });
  if (pod === undefined || labels.length === 0) {
    throw await refusal({ status: 503, bytes: Buffer.from("none of its pods is ready") }, options.server, neededRights);
  }
  const path = `${base}/pods/${encodeURIComponent(pod.metadata.name)}/portforward?ports=${ports.grpc}`;
  const upgraded = await upgrade(`${apiServer}${path}`, options);
  if ("status" in upgraded) throw await refusal(upgraded, options.server, neededRights);
  return forwardedPort(upgraded, `${namespace}/${pod.metadata.name}`);
}

async function read<Resource>(path: string, { send, server }: ForwardOptions): Promise<Resource> {
  const answer = await send(path);
  if (answer.status !== 200) throw await refusal(answer, server, neededRights);
  return JSON.parse(textOf(answer)) as Resource;
}

/** More of a refusal is not read. */
const longestRefusal = 64 * 1024;

/** Opens a WebSocket (RFC 6455, 4.1), or gives the answer that refuses it. */
function upgrade(address: string, { routes, headers, signal }: ExchangeOptions): Promise<Duplex | ServerAnswer> {
  const url = new URL(address);
  const { dispatcher, shown } = routes.for(url);
  const { promise, resolve, reject } = Promise.withResolvers<Duplex | ServerAnswer>();
  const chunks: Buffer[] = [];
  let status = 0;
  let size = 0;
  const fail = (error: unknown): void => reject(connectionComplaint(error, shown));
  dispatcher.dispatch(
    {
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: "GET",
      upgrade: "websocket",
      headers: {
        ...headers,
        "sec-websocket-version": "13",
        "sec-websocket-key": randomBytes(16).toString("base64"),
        "sec-websocket-protocol": subprotocol,
      },
    },
    {
      onRequestStart(controller) {
        const onAbort = (): void => controller.abort(failed("interrupted"));
        if (signal.aborted) onAbort();
        else signal.addEventListener("abort", onAbort, { once: true });
      },
      onRequestUpgrade(_controller, _status, got: IncomingHttpHeaders, socket) {
        if (got["sec-websocket-protocol"] === subprotocol) return resolve(socket);
        socket.destroy();
        reject(failed(`${shown} does not forward ports by WebSocket (${subprotocol}): is it a Kubernetes API server?`));
      },
      onResponseStart(_controller, code) {
        status = code;
      },
      onResponseData(_controller, chunk) {
        size += chunk.length;
        if (size <= longestRefusal) chunks.push(chunk);
      },
      onResponseEnd() {
        resolve({ status, bytes: Buffer.concat(chunks) });
      },
      onResponseError(_controller, error) {
        fail(error);
      },
    },
  );
  return promise;
}
