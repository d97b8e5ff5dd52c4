import { createServer, type Server, type ServerResponse } from "node:http";
import { paths, type ServeReport } from "../contract.ts";
import { type Problem, problemJson, problems } from "../errors.ts";

export interface AdminOptions {
  readonly metrics: { readonly text: () => Promise<string>; readonly contentType: string };
  /** Undefined until the model is loaded and warm. */
  readonly report: () => ServeReport | undefined;
  readonly probe: (path: typeof paths.live | typeof paths.ready) => { readonly isGood: boolean; readonly body: string };
}

/** The metrics port: what the cluster asks, and no client of the model should. Probes are answered here first of all. */
export function createAdmin({ metrics, report, probe }: AdminOptions): Server {
  return createServer({ requireHostHeader: false }, (request, response) => {
    const [path] = (request.url ?? "/").split("?");
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("allow", "GET, HEAD");
      refuse(response, problems.methodNotAllowed(request.method ?? "", "GET, HEAD"));
    } else if (path === paths.live || path === paths.ready) {
      const { isGood, body } = probe(path);
      send(response, isGood ? 200 : 503, json, body);
    } else if (path === paths.metrics) {
      void sendMetrics(response, metrics);
    } else if (path === paths.report) {
      const content = report();
      if (content === undefined) refuse(response, problems.notReady("the model is still loading"));
      else send(response, 200, json, JSON.stringify(content));
    } else {
      refuse(response, problems.unknownPath(path ?? "/"));
    }
  });
}

const json = "application/json";

async function sendMetrics(response: ServerResponse, metrics: AdminOptions["metrics"]): Promise<void> {
  try {
    send(response, 200, metrics.contentType, await metrics.text());
  } catch {
    refuse(response, problems.internal());
  }
}

function refuse(response: ServerResponse, problem: Problem): void {
  send(response, problem.status, json, problemJson(problem));
}

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { "content-type": contentType, "content-length": Buffer.byteLength(body) });
  response.end(body);
}
