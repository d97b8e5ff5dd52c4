import { type Problem, problems } from "./errors.ts";
import type { Exchange } from "./exchange.ts";

export type Handler = (exchange: Exchange) => void | Promise<void>;

export interface Route {
  /** With `{model}` and `{version}` for the names: a bounded set, for metrics. */
  readonly template: string;
  readonly methods: Readonly<Partial<Record<"GET" | "POST", Handler>>>;
}

/** Handlers of the protocols' paths, under the names the templates give them. */
export interface Handlers {
  readonly serverMetadata: Handler;
  readonly live: Handler;
  readonly ready: Handler;
  readonly modelMetadata: Handler;
  readonly modelReady: Handler;
  readonly infer: Handler;
  readonly v1List: Handler;
  readonly v1Model: Handler;
  readonly v1Predict: Handler;
  readonly predict: Handler;
  readonly page: Handler;
}

/** Finds the route of a path (no query), or says what is wrong with it. */
export type Router = (path: string) => Route | Problem;

/**
 * One lookup for every path that is right, as model and version are known from the start; the way to a helpful 404 is
 * longer.
 */
export function createRouter(model: string, version: string, handlers: Handlers): Router {
  const v2Model = `/v2/models/${model}`;
  const v2Version = `${v2Model}/versions/${version}`;
  const metadata = get("/v2/models/{model}", handlers.modelMetadata);
  const ready = get("/v2/models/{model}/ready", handlers.modelReady);
  const pageFile = get("/page/{file}", handlers.page);
  const infer = post("/v2/models/{model}/infer", handlers.infer);
  const routes = new Map<string, Route>([
    ["/v2", get("/v2", handlers.serverMetadata)],
    ["/v2/health/live", get("/v2/health/live", handlers.live)],
    ["/v2/health/ready", get("/v2/health/ready", handlers.ready)],
    [v2Model, metadata],
    [v2Version, metadata],
    [`${v2Model}/ready`, ready],
    [`${v2Version}/ready`, ready],
    [`${v2Model}/infer`, infer],
    [`${v2Version}/infer`, infer],
    ["/v1/models", get("/v1/models", handlers.v1List)],
    [`/v1/models/${model}`, get("/v1/models/{model}", handlers.v1Model)],
    [`/v1/models/${model}:predict`, post("/v1/models/{model}:predict", handlers.v1Predict)],
    ["/predict", post("/predict", handlers.predict)],
    ["/", get("/", handlers.page)],
    ["/docs", get("/docs", handlers.page)],
  ]);

  return (path) => {
    const route = routes.get(path);
    if (route !== undefined) return route;
    if (path.startsWith("/page/")) return pageFile;
    let decoded: string;
    try {
      decoded = decodeURIComponent(path);
    } catch {
      return problems.badPathEncoding(path);
    }
    return routes.get(decoded) ?? explain(decoded, model, version);
  };
}

function get(template: string, handler: Handler): Route {
  return { template, methods: { GET: handler } };
}

function post(template: string, handler: Handler): Route {
  return { template, methods: { POST: handler } };
}

/** The path is not right; a wrong name in a path of the right form is what people need to be told. */
function explain(path: string, model: string, version: string): Problem {
  const v2 = /^\/v2\/models\/([^/]*)(?:\/versions\/([^/]*))?(?:\/(?:ready|infer))?$/.exec(path);
  const v1 = /^\/v1\/models\/([^/]*?)(?::predict)?$/.exec(path);
  const askedModel = v2?.[1] ?? v1?.[1];
  if (askedModel !== undefined && askedModel !== model) return problems.unknownModel(askedModel, model);
  const askedVersion = v2?.[2];
  if (askedVersion !== undefined && askedVersion !== version) return problems.unknownVersion(askedVersion, version);
  return problems.unknownPath(path);
}
