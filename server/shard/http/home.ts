import { pathOf, routeTable } from "../../protocol/route-table.ts";

/** Body of GET / for programs: what is served, and every path. */
export function home(model: string, version: string, isReady: boolean): object {
  return {
    model,
    version,
    ready: isReady,
    openapi: "/openapi.json",
    paths: routeTable.map(({ method, template, says }) => ({ method, path: pathOf(template, model), does: says })),
  };
}
