import { isProblem, problems } from "../../errors.ts";
import { decodePredict, encodePredict } from "../../protocol/predict.ts";
import { openApi } from "../../protocol/openapi/open-api.ts";
import { decodeV1, encodeV1 } from "../../protocol/v1.ts";
import { encodeV2, modelMetadata, refuseRagged } from "../../protocol/v2/encode-v2.ts";
import { modelConfig } from "../../protocol/v2/model-config.ts";
import { wantsReadyOnly } from "../../protocol/v2/repository-index.ts";
import { statisticsBody } from "../../protocol/v2/model-statistics.ts";
import type { ServedModel } from "../../state.ts";
import type { AppOptions } from "../app-options.ts";
import { smallBytes } from "../memory-budget.ts";
import { serverExtensions, serverName, serverVersion } from "../server-identity.ts";
import { asksForHtml } from "../../page/asks-for-html.ts";
import type { Call } from "./call.ts";
import { home } from "./home.ts";
import { createPrediction, decodeInfer } from "./prediction.ts";
import type { Replies } from "./replies.ts";
import type { Handlers, RouteHandler } from "./routes.ts";

/** What each route answers. `tell`: a page was answered, on a connection that is not ours any more. */
export function createHandlers(
  options: AppOptions,
  replies: Replies,
  tell: (call: Call, status: number) => void,
): Handlers {
  const { state } = options;
  const { ok, refuse, fail } = replies;
  const prediction = createPrediction(options, replies);

  const whenLoaded =
    (describe: (model: ServedModel) => object): RouteHandler =>
    (call) =>
      state.model === undefined ? refuse(call, problems.notReady(state.phase)) : ok(call, describe(state.model));

  const whenLoadedLater =
    (describe: (model: ServedModel) => Promise<object>): RouteHandler =>
    (call) => {
      const { model } = state;
      if (model === undefined) return refuse(call, problems.notReady(state.phase));
      void describe(model).then(
        (body) => ok(call, body),
        (error: unknown) => fail(call, error),
      );
      return undefined;
    };

  const whenServing =
    (body: object): RouteHandler =>
    (call) =>
      state.phase === "serving" ? ok(call, body) : refuse(call, problems.notReady(state.phase));

  /** Answer to POST v2/repository/index (Triton's model repository extension): the one model. */
  const repositoryIndex: RouteHandler = (call) => {
    const whole = (body: Uint8Array): void => {
      const isReadyOnly = wantsReadyOnly(body);
      if (isProblem(isReadyOnly)) return refuse(call, isReadyOnly);
      const isReady = state.phase === "serving";
      const model = {
        name: options.modelName,
        version: options.modelVersion,
        state: isReady ? "READY" : "UNAVAILABLE",
        reason: isReady ? "" : state.phase,
      };
      ok(call, isReady || !isReadyOnly ? [model] : []);
    };
    call.whole = whole;
    return { limitBytes: smallBytes, take: call.ticket.take };
  };

  const page: RouteHandler = (call) => {
    options.page(call.exchange, (status) => tell(call, status));
    return undefined;
  };

  return {
    serverMetadata: (call) => ok(call, { name: serverName, version: serverVersion, extensions: serverExtensions }),
    live: (call) => ok(call, { live: true }),
    ready: whenServing({ live: true, ready: true }),
    modelMetadata: whenLoaded(modelMetadata),
    config: whenLoaded(modelConfig),
    statistics: whenLoadedLater(async (model) => statisticsBody(model.name, model.version, await options.statistics())),
    v2Models: (call) => ok(call, { models: [options.modelName] }),
    modelReady: whenServing({ name: options.modelName, ready: true }),
    infer: prediction(
      decodeInfer,
      (model, request, outputs, hold) => refuseRagged(outputs) ?? encodeV2(model, request, outputs, hold),
    ),
    repositoryIndex,
    ping: whenServing({}),
    v1List: (call) => ok(call, { models: [options.modelName] }),
    v1Model: whenServing({ name: options.modelName, ready: true }),
    v1Predict: prediction(decodeV1, (_model, request, outputs) => encodeV1(request.rows, outputs)),
    predict: prediction(decodePredict, (model, _request, outputs) => encodePredict(model, outputs)),
    explain: (call) => refuse(call, problems.explainUnsupported()),
    openApi: whenLoaded(openApi),
    home: (call) =>
      asksForHtml(call.exchange.header("accept"))
        ? page(call)
        : ok(call, home(options.modelName, options.modelVersion, state.phase === "serving"), varyByAccept),
    page,
  };
}

const varyByAccept = { vary: "accept" } as const;
