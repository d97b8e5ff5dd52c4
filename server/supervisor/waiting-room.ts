import { createServer } from "node:http";
import type { Socket } from "node:net";
import { problemJson, problems } from "../errors.ts";
import { asksForHtml } from "../page/asks-for-html.ts";
import { pageHeaders } from "../page/html.ts";
import { loadingPage } from "../page/model-page.ts";
import type { Phase } from "../state.ts";
import { startReading } from "./stop-reading.ts";

export interface WaitingRoom {
  /** Takes the connection over, with what was read of it. */
  readonly take: (socket: Socket, first: Uint8Array) => void;
}

/**
 * Answers connections while no shard can take them: not now, try again, whatever is asked. Bodies are not read. Never
 * listens: connections are given to it.
 */
export function createWaitingRoom(phase: () => Phase, newRequestId: () => string): WaitingRoom {
  const server = createServer({ requireHostHeader: false }, (request, response) => {
    const problem = problems.notReady(phase());
    const isPage = request.method === "GET" && request.url === "/" && asksForHtml(request.headers.accept);
    const body = isPage ? loadingPage() : problemJson(problem);
    const given = request.headers["x-request-id"];
    response.writeHead(problem.status, {
      ...(isPage
        ? { ...pageHeaders, "content-type": "text/html; charset=utf-8" }
        : { "content-type": "application/json" }),
      "content-length": Buffer.byteLength(body),
      "retry-after": String(problem.retryAfterSeconds ?? 1),
      "x-request-id": typeof given === "string" ? given : newRequestId(),
      connection: "close",
    });
    response.end(body);
    // A client that goes on sending would lose the answer to a reset.
    request.resume();
    setTimeout(() => request.socket.destroy(), lingerMilliseconds).unref();
  });
  return {
    take(socket, first) {
      server.emit("connection", socket);
      socket.unshift(first);
      startReading(socket);
    },
  };
}

const lingerMilliseconds = 1000;
