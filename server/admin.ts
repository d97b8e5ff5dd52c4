import { createServer, type Server, type ServerResponse } from "node:http";
import { paths, type ServeReport } from "./contract.ts";
import { problems } from "./errors.ts";
import { problemJson } from "./exchange.ts";
import type { Metrics } from "./metrics.ts";

export interface AdminOptions {
  readonly metrics: Metrics;
  /** Undefined until the model is loaded and warm. */
  readonly report: () => ServeReport | undefined;
}

/** The metrics port: what the cluster asks, and no client of the model should. */
export function createAdmin({ metrics, report }: AdminOptions): Server {
  return createServer({ requireHostHeader: false }, (request, response) => {
    const [path] = (request.url ?? "/").split("?");
    if (request.method !== "GET" && request.method !== "HEAD") {
      const problem = problems.methodNotAllowed(request.method ?? "", "GET, HEAD");
      response.setHeader("allow", "GET, HEAD");
      send(response, problem.status, "application/json", problemJson(problem));
    } else if (path === paths.metrics) {
      void sendMetrics(response, metrics);
    } else if (path === paths.report) {
      const content = report();
      if (content === undefined) {
        send(response, 503, "application/json", problemJson(problems.notReady("the model is still loading")));
      } else {
        send(response, 200, "application/json", JSON.stringify(content));
      }
    } else {
      const problem = problems.unknownPath(path ?? "/");
      send(response, problem.status, "application/json", problemJson(problem));
    }
  });
}

async function sendMetrics(response: ServerResponse, metrics: Metrics): Promise<void> {
  try {
    send(response, 200, metrics.contentType, await metrics.text());
  } catch {
    send(response, 500, "application/json", problemJson(problems.internal()));
  }
}

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { "content-type": contentType, "content-length": Buffer.byteLength(body) });
  response.end(body);
}
