import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import express from "express";
import { problemJson, problems } from "../../errors.ts";
import type { Exchange } from "../../http/handler.ts";
import { pageAssets } from "../../page/assets.ts";
import { pageHeaders } from "../../page/html.ts";
import { modelPage } from "../../page/model-page.ts";
import type { RecentRequest } from "../../page/recent-requests.ts";
import { routesPage } from "../../page/routes-page.ts";
import { openApi } from "../../protocol/openapi/open-api.ts";
import type { ServedModel, ServerState } from "../../state.ts";

/** Pages for people. Node's own server and Express have them, and their connections: both cost a multiple of ours. */
export interface Pages {
  /** Takes the connection over, answers, says with which status, and ends it. */
  readonly serve: (exchange: Exchange, answered: (status: number) => void) => void;
  readonly connections: () => number;
}

export interface PagesOptions {
  readonly state: Readonly<ServerState>;
  readonly bodyLimitBytes: number;
  /** Of all shards. */
  readonly recent: () => Promise<readonly RecentRequest[]>;
}

export function createPages(options: PagesOptions): Pages {
  // Most servers are never looked at.
  let server: Server | undefined;
  let connections = 0;
  // Each has one request.
  const answering = new WeakMap<Socket, (status: number) => void>();
  return {
    connections: () => connections,
    serve(exchange, answered) {
      server ??= createServer({ requireHostHeader: false }, pagesApp(options)).on("request", (request, response) => {
        response.once("close", () => answering.get(request.socket)?.(response.statusCode));
      });
      const { socket, head } = exchange.handOver();
      answering.set(socket, answered);
      connections += 1;
      socket.once("close", () => {
        connections -= 1;
      });
      server.emit("connection", socket);
      socket.unshift(head);
      socket.resume();
    },
  };
}

function pagesApp({
  state,
  bodyLimitBytes,
  recent,
}: PagesOptions): (request: IncomingMessage, response: ServerResponse) => void {
  let loaded: ReturnType<typeof pageAssets> | undefined;
  const pages = express();
  pages.disable("x-powered-by");
  pages.disable("etag");
  pages.use((request, response, next) => {
    // The next request may be none for a page.
    response.set({ ...pageHeaders, connection: "close", "x-request-id": request.get("x-request-id") ?? "" });
    next();
  });
  const loadedModel = (): ServedModel => {
    if (state.model === undefined) throw new Error("a page was asked for before the model was there");
    return state.model;
  };
  pages.get("/", (request, response) => {
    response
      .vary("accept")
      .type("html")
      .send(modelPage(loadedModel(), request.get("host") ?? "localhost", bodyLimitBytes));
  });
  pages.get("/docs", (_request, response) => {
    response.type("html").send(routesPage(openApi(loadedModel())));
  });
  pages.get("/page/recent", async (_request, response) => {
    response.json(await recent());
  });
  pages.use((request, response) => {
    const name = request.path.replace(/^\/page\//, "");
    loaded ??= pageAssets();
    const assets = loaded;
    const asset = Object.hasOwn(assets, name) ? assets[name] : undefined;
    if (asset === undefined) {
      const problem = problems.unknownPath(request.path);
      response.status(problem.status).type("json").send(problemJson(problem));
    } else response.type(name.endsWith(".css") ? "css" : "js").send(asset);
  });
  return pages;
}
