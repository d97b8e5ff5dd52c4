import { type Problem, problems } from "../../errors.ts";
import type { BodyPlan } from "../../http/handler.ts";
import type { Call } from "./call.ts";

/** Answers at once, or says how the body is to be received. */
export type RouteHandler = (call: Call) => BodyPlan | undefined;

export interface Route {
  /** With `{model}` and `{version}` for the names: a bounded set, for metrics. */
  readonly template: string;
  readonly methods: Readonly<Partial<Record<"GET" | "POST", RouteHandler>>>;
}

/** Handlers of the protocols' paths, under the names the templates give them. */
export interface Handlers {
  readonly serverMetadata: RouteHandler;
  readonly live: RouteHandler;
  readonly ready: RouteHandler;
  readonly modelMetadata: RouteHandler;
  readonly modelReady: RouteHandler;
  readonly config: RouteHandler;
  readonly statistics: RouteHandler;
  readonly repositoryIndex: RouteHandler;
  readonly v2Models: RouteHandler;
  readonly infer: RouteHandler;
  readonly v1List: RouteHandler;
  readonly v1Model: RouteHandler;
  readonly v1Predict: RouteHandler;
  readonly predict: RouteHandler;
  readonly ping: RouteHandler;
  readonly page: RouteHandler;
}

/** Finds the route of a path (no query), or says what is wrong with it. */
export type Router = (path: string) => Route | Problem;

/** Triton and TensorFlow Serving number versions, and their clients ask for the first where no other is named. */
const ordinal = "1";

/**
 * One lookup for every path that is right, as model and version are known from the start; the way to a helpful 404 is
 * longer.
 */
export function createRouter(model: string, version: string, handlers: Handlers): Router {
  const v2Model = `/v2/models/${model}`;
  const v1Model = `/v1/models/${model}`;
  const metadata = get("/v2/models/{model}", handlers.modelMetadata);
  const ready = get("/v2/models/{model}/ready", handlers.modelReady);
  const config = get("/v2/models/{model}/config", handlers.config);
  const statistics = get("/v2/models/{model}/stats", handlers.statistics);
  const infer = post("/v2/models/{model}/infer", handlers.infer);
  const v1Ready = get("/v1/models/{model}", handlers.v1Model);
  const v1Predict = post("/v1/models/{model}:predict", handlers.v1Predict);
  const predict = post("/predict", handlers.predict);
  const pageFile = get("/page/{file}", handlers.page);
  const routes = new Map<string, Route>([
    ["/v2", get("/v2", handlers.serverMetadata)],
    ["/v2/health/live", get("/v2/health/live", handlers.live)],
    ["/v2/health/ready", get("/v2/health/ready", handlers.ready)],
    ["/v2/models", get("/v2/models", handlers.v2Models)],
    ["/v2/models/stats", get("/v2/models/stats", handlers.statistics)],
    ["/v2/repository/index", post("/v2/repository/index", handlers.repositoryIndex)],
    ...["", `/versions/${version}`, `/versions/${ordinal}`].flatMap((part): readonly (readonly [string, Route])[] => [
      [`${v2Model}${part}`, metadata],
      [`${v2Model}${part}/ready`, ready],
      [`${v2Model}${part}/config`, config],
      [`${v2Model}${part}/stats`, statistics],
      [`${v2Model}${part}/infer`, infer],
      [`${v1Model}${part}`, v1Ready],
      [`${v1Model}${part}:predict`, v1Predict],
    ]),
    ["/v1/models", get("/v1/models", handlers.v1List)],
    ["/predict", predict],
    // As SageMaker and MLflow call them.
    ["/ping", get("/ping", handlers.ping)],
    ["/invocations", post("/invocations", handlers.v1Predict)],
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

function get(template: string, handler: RouteHandler): Route {
  return { template, methods: { GET: handler } };
}

function post(template: string, handler: RouteHandler): Route {
  return { template, methods: { POST: handler } };
}

/** The path is not right; a wrong name in a path of the right form is what people need to be told. */
function explain(path: string, model: string, version: string): Problem {
  const v2 = /^\/v2\/models\/([^/]*)(?:\/versions\/([^/]*))?(?:\/(?:ready|infer|config|stats))?$/.exec(path);
  const v1 = /^\/v1\/models\/([^/]*?)(?:\/versions\/([^/]*?))?(?::predict)?$/.exec(path);
  const askedModel = v2?.[1] ?? v1?.[1];
  if (askedModel !== undefined && askedModel !== model) return problems.unknownModel(askedModel, model);
  const askedVersion = v2?.[2] ?? v1?.[2];
  if (askedVersion !== undefined && askedVersion !== version) return problems.unknownVersion(askedVersion, version);
  return problems.unknownPath(path);
}
