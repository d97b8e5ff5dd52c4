import type { IncomingMessage, ServerResponse } from "node:http";
import express from "express";
import { modelPage } from "./page/model-page.ts";
import { routesPage } from "./page/routes-page.ts";
import type { ServerState } from "./state.ts";

/** Pages for people, on the prediction port. Express is kept off every other path: it costs five times the CPU. */
export function createPages(
  state: Readonly<ServerState>,
): (request: IncomingMessage, response: ServerResponse) => void {
  const pages = express();
  pages.disable("x-powered-by");
  pages.disable("etag");
  pages.get("/", (request, response) => {
    if (state.model === undefined)
      response.status(503).type("html").send("<!doctype html><p>The model is loading.</p>");
    else response.type("html").send(modelPage(state.model, request.get("host") ?? "localhost"));
  });
  pages.get("/docs", (_request, response) => {
    response.type("html").send(routesPage());
  });
  return pages;
}
