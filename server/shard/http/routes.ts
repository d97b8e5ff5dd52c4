import type { BodyPlan } from "../../bytes/body-store.ts";
import { type Problem, problems } from "../../errors.ts";
import { type HandlerName, pathOf, type RouteEntry, routeTable } from "../../protocol/route-table.ts";
import type { Call } from "./call.ts";

/** Answers at once, or says how the body is to be received. */
export type RouteHandler = (call: Call) => BodyPlan | undefined;

export interface Route {
  /** With `{model}` and `{version}` for the names: a bounded set, for metrics. */
  readonly template: string;
  readonly methods: Readonly<Partial<Record<"GET" | "POST", RouteHandler>>>;
}

/** Handlers of the protocols' paths, under the names the templates give them. */
export type Handlers = Readonly<Record<HandlerName, RouteHandler>>;

/** Finds the route of a path (no query), or says what is wrong with it. */
export type Router = (path: string) => Route | Problem;

/** Triton and TensorFlow Serving number versions, and their clients ask for the first where no other is named. */
const ordinal = "1";
/** What stands for any name of a file. */
const filePart = "{file}";

/**
 * One lookup for every path that is right, as model and version are known from the start; the way to a helpful 404 is
 * longer.
 */
export function createRouter(model: string, version: string, handlers: Handlers): Router {
  const routes = new Map<string, Route>();
  let files: { readonly prefix: string; readonly route: Route } | undefined;
  for (const entry of routeTable) {
    const { template, method, handler } = entry;
    const route: Route = { template, methods: { [method]: handlers[handler] } };
    if (template.endsWith(filePart)) files = { prefix: template.slice(0, -filePart.length), route };
    else for (const path of pathsOf(entry, model, version)) routes.set(path, route);
  }

  return (path) => {
    const route = routes.get(path);
    if (route !== undefined) return route;
    if (files !== undefined && path.startsWith(files.prefix)) return files.route;
    let decoded: string;
    try {
      decoded = decodeURIComponent(path);
    } catch {
      return problems.badPathEncoding(path);
    }
    return routes.get(decoded) ?? explain(decoded, model, version);
  };
}

function pathsOf({ template, isVersioned }: RouteEntry, model: string, version: string): readonly string[] {
  if (isVersioned !== true) return [pathOf(template, model)];
  return ["", `/versions/${version}`, `/versions/${ordinal}`].map((part) => pathOf(template, `${model}${part}`));
}

/** The path is not right; a wrong name in a path of the right form is what people need to be told. */
function explain(path: string, model: string, version: string): Problem {
  const v2 = /^\/v2\/models\/([^/]*)(?:\/versions\/([^/]*))?(?:\/(?:ready|infer|config|stats))?$/.exec(path);
  const v1 = /^\/v1\/models\/([^/]*?)(?:\/versions\/([^/]*?))?(?::(?:predict|explain))?$/.exec(path);
  const askedModel = v2?.[1] ?? v1?.[1];
  if (askedModel !== undefined && askedModel !== model) return problems.unknownModel(askedModel, model);
  const askedVersion = v2?.[2] ?? v1?.[2];
  if (askedVersion !== undefined && askedVersion !== version) return problems.unknownVersion(askedVersion, version);
  return problems.unknownPath(path);
}
