import type { RouteId } from "../route-table.ts";
import type { Schema } from "./element-schema.ts";
import { reference } from "./model-schemas.ts";

/** What an operation takes and gives. */
export interface Operation {
  /** Component of the body. */
  readonly request?: string;
  /** Schema of 200's JSON; undefined: it is no JSON, or there is no 200. */
  readonly answer: Schema | undefined;
  /** What else 200 may be. */
  readonly otherTypes?: readonly string[];
  /** Statuses whose body is a problem. */
  readonly problems: readonly number[];
  /** Beyond the one sentence of the route. */
  readonly description?: string;
}

const prediction: readonly number[] = [400, 406, 408, 413, 415, 500, 503, 504];
const asked: readonly number[] = [503];

const v1: Operation = {
  request: "V1Request",
  answer: reference("V1Response"),
  problems: prediction,
};

const ready: Operation = { answer: reference("Ready"), problems: asked };
const models: Operation = { answer: reference("ModelList"), problems: [] };
const statistics: Operation = { answer: reference("ModelStatistics"), problems: asked };

/** By the id of the route. */
export const operations: Readonly<Record<RouteId, Operation>> = {
  infer: {
    request: "InferRequest",
    answer: reference("InferResponse"),
    problems: prediction,
    description:
      "Tensors may be in binary form behind the JSON, in both directions: the header inference-header-content-length says how many bytes the JSON has, and `binary_data_size` in the parameters of a tensor how many bytes it has. Such an answer is of the type application/octet-stream.",
  },
  predictV1: v1,
  explainV1: { answer: undefined, problems: [501] },
  predict: { request: "PredictRequest", answer: reference("PredictResponse"), problems: prediction },
  invocations: v1,
  modelMetadata: { answer: reference("ModelMetadata"), problems: asked },
  modelReady: ready,
  modelConfig: { answer: reference("ModelConfig"), problems: asked },
  modelStatistics: statistics,
  modelStatusV1: ready,
  serverMetadata: { answer: reference("ServerMetadata"), problems: [] },
  serverLive: { answer: reference("Live"), problems: [] },
  serverReady: ready,
  models,
  statistics,
  repositoryIndex: { answer: { type: "array", items: reference("RepositoryEntry") }, problems: [400] },
  modelsV1: models,
  ping: { answer: reference("Nothing"), problems: asked },
  openApi: { answer: reference("Nothing"), problems: asked },
  home: { answer: reference("Home"), otherTypes: ["text/html"], problems: [] },
  docs: { answer: undefined, otherTypes: ["text/html"], problems: [] },
  recentRequests: { answer: { type: "array", items: reference("RecentRequest") }, problems: [] },
  pageFile: { answer: undefined, otherTypes: ["text/css", "text/javascript"], problems: [404] },
};
