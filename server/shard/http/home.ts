import { pathOf, routeTable } from "../../protocol/route-table.ts";

/**
 * Body of GET / for programs: what is served, and every path. `status` is what KServe's client of the V1 protocol asks
 * for there, to learn whether the server lives.
 */
export function home(model: string, version: string, isReady: boolean): object {
  return {
    status: "alive",
    model,
    version,
    ready: isReady,
    openapi: "/openapi.json",
    paths: routeTable.map(({ method, template, says }) => ({ method, path: pathOf(template, model), does: says })),
  };
}
