import type { IncomingMessage, ServerResponse } from "node:http";
import express from "express";
import { problems } from "./errors.ts";
import { problemJson } from "./exchange.ts";
import { pageAssets } from "./page/assets.ts";
import { pageHeaders } from "./page/html.ts";
import { loadingPage, modelPage } from "./page/model-page.ts";
import type { RecentRequests } from "./page/recent-requests.ts";
import { routesPage } from "./page/routes-page.ts";
import type { ServerState } from "./state.ts";

/** Pages for people, on the prediction port. Express is kept off every other path: it costs five times the CPU. */
export function createPages(
  state: Readonly<ServerState>,
  recent: RecentRequests,
  bodyLimitBytes: number,
): (request: IncomingMessage, response: ServerResponse) => void {
  let loaded: ReturnType<typeof pageAssets> | undefined;
  const pages = express();
  pages.disable("x-powered-by");
  pages.disable("etag");
  pages.use((_request, response, next) => {
    response.set(pageHeaders);
    next();
  });
  pages.get("/", (request, response) => {
    if (state.model === undefined) response.status(503).type("html").send(loadingPage());
    else response.type("html").send(modelPage(state.model, request.get("host") ?? "localhost", bodyLimitBytes));
  });
  pages.get("/docs", (_request, response) => {
    response.type("html").send(routesPage());
  });
  pages.get("/page/recent", (_request, response) => {
    response.json(recent.list());
  });
  pages.use((request, response) => {
    const name = request.path.replace(/^\/page\//, "");
    // Most servers are never looked at.
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
