/** One method of one path of the prediction port. */
export interface RouteEntry {
  /** Name of the operation for programs; unique. */
  readonly id: string;
  readonly method: "GET" | "POST";
  /** `{model}` stands for the model's name. */
  readonly template: string;
  /** What answers it. */
  readonly handler: string;
  /** For people: one sentence, or two. */
  readonly says: string;
  readonly group: RouteGroup;
  /** The model may be followed by `/versions/{version}`, where `1` stands for the version that is served. */
  readonly isVersioned?: true;
}

/** Predictions, what there is to know of the model, of the server, and pages for people. */
export type RouteGroup = "Predictions" | "Model" | "Server" | "Pages";

/**
 * All of them: the router, the documents and the pages read this one list. GET is answered for HEAD as well. The paths
 * are those of the Open Inference Protocol with Triton's extensions, of TensorFlow Serving's REST API (V1), and of those
 * who call `/ping` and `/invocations` (SageMaker, MLflow).
 */
export const routeTable = [
  {
    id: "infer",
    method: "POST",
    template: "/v2/models/{model}/infer",
    handler: "infer",
    says: "A prediction in the Open Inference Protocol.",
    group: "Predictions",
    isVersioned: true,
  },
  {
    id: "predictV1",
    method: "POST",
    template: "/v1/models/{model}:predict",
    handler: "v1Predict",
    says: "A prediction in the V1 protocol: `instances` or `inputs`.",
    group: "Predictions",
    isVersioned: true,
  },
  {
    id: "explainV1",
    method: "POST",
    template: "/v1/models/{model}:explain",
    handler: "explain",
    says: "501: explanations are made elsewhere, by predictions.",
    group: "Predictions",
    isVersioned: true,
  },
  {
    id: "predict",
    method: "POST",
    template: "/predict",
    handler: "predict",
    says: "A prediction in the shortest form: `input_data`.",
    group: "Predictions",
  },
  {
    id: "invocations",
    method: "POST",
    template: "/invocations",
    handler: "v1Predict",
    says: "A prediction in the V1 protocol: `instances` or `inputs`.",
    group: "Predictions",
  },
  {
    id: "modelMetadata",
    method: "GET",
    template: "/v2/models/{model}",
    handler: "modelMetadata",
    says: "Inputs and outputs of the model: names, datatypes, shapes.",
    group: "Model",
    isVersioned: true,
  },
  {
    id: "modelReady",
    method: "GET",
    template: "/v2/models/{model}/ready",
    handler: "modelReady",
    says: "200 when this model takes predictions, else 503.",
    group: "Model",
    isVersioned: true,
  },
  {
    id: "modelConfig",
    method: "GET",
    template: "/v2/models/{model}/config",
    handler: "config",
    says: "Name, platform, inputs and outputs as Triton's clients ask for them, what runs the model, and how many rows run together.",
    group: "Model",
    isVersioned: true,
  },
  {
    id: "modelStatistics",
    method: "GET",
    template: "/v2/models/{model}/stats",
    handler: "statistics",
    says: "How often the model ran and how long that took, over all workers of the pod, in Triton's terms.",
    group: "Model",
    isVersioned: true,
  },
  {
    id: "modelStatusV1",
    method: "GET",
    template: "/v1/models/{model}",
    handler: "v1Model",
    says: "Whether the model is ready, in the V1 protocol.",
    group: "Model",
    isVersioned: true,
  },
  {
    id: "serverMetadata",
    method: "GET",
    template: "/v2",
    handler: "serverMetadata",
    says: "Name, version and extensions of the server (Open Inference Protocol).",
    group: "Server",
  },
  {
    id: "serverLive",
    method: "GET",
    template: "/v2/health/live",
    handler: "live",
    says: "200 while the process can answer. The liveness probe.",
    group: "Server",
  },
  {
    id: "serverReady",
    method: "GET",
    template: "/v2/health/ready",
    handler: "ready",
    says: "200 when the model takes predictions, else 503. The readiness probe.",
    group: "Server",
  },
  {
    id: "models",
    method: "GET",
    template: "/v2/models",
    handler: "v2Models",
    says: "The model's name.",
    group: "Server",
  },
  {
    id: "statistics",
    method: "GET",
    template: "/v2/models/stats",
    handler: "statistics",
    says: "How often the model ran and how long that took, over all workers of the pod, in Triton's terms.",
    group: "Server",
  },
  {
    id: "repositoryIndex",
    method: "POST",
    template: "/v2/repository/index",
    handler: "repositoryIndex",
    says: "The one model and whether it is ready, in Triton's terms.",
    group: "Server",
  },
  {
    id: "modelsV1",
    method: "GET",
    template: "/v1/models",
    handler: "v1List",
    says: "The model's name, in the V1 protocol.",
    group: "Server",
  },
  {
    id: "ping",
    method: "GET",
    template: "/ping",
    handler: "ping",
    says: "200 when the model takes predictions, else 503, as SageMaker asks.",
    group: "Server",
  },
  {
    id: "openApi",
    method: "GET",
    template: "/openapi.json",
    handler: "openApi",
    says: "All of this for programs: an OpenAPI 3.1 document of this model.",
    group: "Server",
  },
  {
    id: "home",
    method: "GET",
    template: "/",
    handler: "home",
    says: "The page for people: inputs and outputs, a form, commands to call it. JSON for who does not ask for HTML: the model and the paths.",
    group: "Pages",
  },
  {
    id: "docs",
    method: "GET",
    template: "/docs",
    handler: "page",
    says: "The paths of this server, for people.",
    group: "Pages",
  },
  {
    id: "recentRequests",
    method: "GET",
    template: "/page/recent",
    handler: "page",
    says: "The last 50 requests of this pod as JSON: path, status and duration, without probes.",
    group: "Pages",
  },
  {
    id: "pageFile",
    method: "GET",
    template: "/page/{file}",
    handler: "page",
    says: "Scripts and style of the page.",
    group: "Pages",
  },
] as const satisfies readonly RouteEntry[];

export type RouteId = (typeof routeTable)[number]["id"];

/** Names of what answers: the router wants one for each. */
export type HandlerName = (typeof routeTable)[number]["handler"];

/** The path of a template, for the model at hand. Names of models need no encoding: they are DNS labels or were given by hand. */
export function pathOf(template: string, model: string): string {
  return template.replace("{model}", model);
}
