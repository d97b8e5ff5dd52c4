import type { Logger } from "pino";
import { paths } from "../contract.ts";
import type { Engine, RunOutcome } from "../engine/run.ts";
import { isProblem, type Problem, problems } from "../errors.ts";
import type { BodyPlan, Exchange, Handler } from "../http/handler.ts";
import { problemReply } from "../http/answer/problem-reply.ts";
import type { RecentRequests } from "../page/recent-requests.ts";
import { checkSizes } from "../protocol/check-sizes.ts";
import { decodePredict, encodePredict } from "../protocol/predict.ts";
import type { EncodedAnswer, InferenceRequest } from "../protocol/request.ts";
import { decodeV1, encodeV1 } from "../protocol/v1.ts";
import { decodeV2, type V2Request } from "../protocol/v2/decode-v2.ts";
import { encodeV2, modelMetadata, refuseRagged } from "../protocol/v2/encode-v2.ts";
import { modelConfig } from "../protocol/v2/model-config.ts";
import { type ModelStatistics, statisticsBody } from "../protocol/v2/model-statistics.ts";
import { readHeaderLength } from "../protocol/v2/header-length.ts";
import type { ServedModel, ServerState } from "../state.ts";
import type { Signature, Tensor } from "../tensor.ts";
import { decodedBytesPerByte } from "./decoded-bytes.ts";
import { createLineRate } from "./line-rate.ts";
import { type MemoryBudget, smallBytes, type Ticket } from "./memory-budget.ts";
import type { ShardMetrics } from "./metrics.ts";
import { createRouter, type Handlers, type RouteHandler } from "./routes.ts";

export interface AppOptions {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly queueLimit: number;
  readonly queueSeconds: number;
  readonly runSeconds: number;
  readonly bodyLimitBytes: number;
  readonly budget: MemoryBudget;
  readonly state: Readonly<ServerState>;
  /** Undefined until the model is loaded. */
  readonly engine: () => Engine | undefined;
  readonly metrics: ShardMetrics;
  readonly recent: RecentRequests;
  readonly log: Logger;
  /** Monotonic, milliseconds. */
  readonly now: () => number;
  /** A request was run. */
  readonly onRan: (queueSeconds: number, runSeconds: number) => void;
  /** A request came as far as the model and could not be run. */
  readonly onFailed: () => void;
  /** Of all shards. */
  readonly statistics: () => Promise<ModelStatistics>;
  /** Pages for people: takes the connection over, and says with which status it has answered. */
  readonly page: (exchange: Exchange, answered: (status: number) => void) => void;
}

/** One request from its head to the end of its answer. */
export interface Call {
  readonly exchange: Exchange;
  /** Template of the path, for metrics and logs. */
  readonly route: string;
  /** Memory that it holds. */
  readonly ticket: Ticket;
  /** Called with the whole body, where the route takes one. */
  whole?: (body: Uint8Array) => void;
}

export const serverName = "slipway";
export const serverExtensions: readonly string[] = ["binary_tensor_data", "model_configuration", "statistics"];
/** The `version` of package.json: a test holds them together. */
export const serverVersion = "0.1.0";

/** The prediction port: protocols, health, pages. Thin: what a request means is decided in `protocol/`. */
export function createApp(options: AppOptions): Handler {
  const { state, metrics, recent, log, now } = options;
  const mayTellMistake = createLineRate(now);
  const calls = new WeakMap<Exchange, Call>();

  const refuse = (call: Call, problem: Problem): undefined => {
    const level = problem.status >= 500 && !isProbe(call) ? "warn" : "debug";
    if (log.isLevelEnabled(level)) {
      log[level]({ requestId: call.exchange.id, code: problem.code }, problem.message);
    }
    call.exchange.answer(problemReply(problem));
  };

  const ok = (call: Call, body: object): undefined => {
    call.exchange.answer({ status: 200, headers: json, parts: [JSON.stringify(body)] });
  };

  /** The way of every prediction: body, decoded, run, encoded. */
  const prediction =
    <Request extends InferenceRequest>(
      decode: (body: Uint8Array, signature: Signature, exchange: Exchange) => Request | Problem,
      encode: (model: ServedModel, request: Request, outputs: readonly Tensor[]) => EncodedAnswer | Problem,
    ): RouteHandler =>
    (call) => {
      const { model } = state;
      const engine = options.engine();
      if (model === undefined || engine === undefined) return refuse(call, problems.notReady(state.phase));
      const { exchange, ticket } = call;
      // Tensors in binary form are used where they lie.
      const growth = exchange.header(headerLengthName) === undefined ? decodedBytesPerByte(model.signature) : 0;
      call.whole = (body) => {
        let request: Request | undefined;
        const run = engine.run({
          id: exchange.id,
          decode() {
            if (body.length > smallBytes && !ticket.take(growth * body.length)) return problems.bodiesTooMany();
            const decoded = decode(body, model.signature, exchange);
            if (isProblem(decoded)) return decoded;
            const misfit = checkSizes(model.signature, decoded.inputs);
            if (misfit !== undefined) return misfit;
            request = decoded;
            return { inputs: decoded.inputs, outputs: decoded.outputs ?? model.outputNames };
          },
          isAbandoned: () => exchange.isGone,
        });
        void settle(call, run, (outputs) => {
          if (request === undefined) return problems.internal();
          if (!ticket.take(bytesOf(outputs))) return problems.answerTooLarge(bytesOf(outputs));
          return encode(model, request, outputs);
        });
      };
      const plan: BodyPlan = {
        limitBytes: Math.min(options.bodyLimitBytes, Math.floor(options.budget.largestBytes / (1 + growth))),
        take: ticket.take,
      };
      return plan;
    };

  async function settle(
    call: Call,
    run: Promise<RunOutcome>,
    encode: (outputs: readonly Tensor[]) => EncodedAnswer | Problem,
  ): Promise<void> {
    try {
      const outcome = await run;
      // `over` counts it.
      if (outcome.kind === "abandoned") return;
      if (outcome.kind !== "done") {
        options.onFailed();
        refuse(call, problemOf(outcome, options));
        return;
      }
      options.onRan(outcome.queueSeconds, outcome.runSeconds);
      const encoded = encode(outcome.outputs);
      if (isProblem(encoded)) refuse(call, encoded);
      else call.exchange.answer({ status: 200, headers: { ...json, ...encoded.headers }, parts: encoded.parts });
    } catch (error) {
      fail(call, error);
    }
  }

  const fail = (call: Call, error: unknown): void => {
    log.error({ requestId: call.exchange.id, error }, "a request could not be handled");
    if (call.exchange.status === 0) refuse(call, problems.internal());
  };

  /** Counts and logs a request that is over. */
  const tell = (call: Call, status: number): void => {
    const { exchange, route } = call;
    const seconds = (now() - exchange.started) / 1000;
    metrics.answered(route, status, seconds);
    recent.add(route, status, seconds);
    const level = levelOf(call, status);
    if (!log.isLevelEnabled(level) || (level === "info" && !mayTellMistake())) return;
    log[level]({ requestId: exchange.id, method: exchange.method, route, status, seconds }, "request");
  };

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

  /** Body of POST v2/repository/index (Triton's model repository extension): the one model, whatever is asked. */
  const repositoryIndex: RouteHandler = (call) => {
    call.whole = () => {
      const isReady = state.phase === "serving";
      ok(call, [
        {
          name: options.modelName,
          version: options.modelVersion,
          state: isReady ? "READY" : "UNAVAILABLE",
          reason: isReady ? "" : state.phase,
        },
      ]);
    };
    return { limitBytes: smallBytes, take: call.ticket.take };
  };

  const whenServing =
    (body: object): RouteHandler =>
    (call) =>
      state.phase === "serving" ? ok(call, body) : refuse(call, problems.notReady(state.phase));

  const handlers: Handlers = {
    serverMetadata: (call) => ok(call, { name: serverName, version: serverVersion, extensions: serverExtensions }),
    live: (call) => ok(call, { live: true }),
    ready: whenServing({ live: true, ready: true }),
    modelMetadata: whenLoaded((model) => modelMetadata(model.name, model.version, model.signature)),
    config: whenLoaded((model) => modelConfig(model.name, model.signature)),
    statistics: whenLoadedLater(async (model) => statisticsBody(model.name, model.version, await options.statistics())),
    v2Models: (call) => ok(call, { models: [options.modelName] }),
    modelReady: whenServing({ name: options.modelName, ready: true }),
    infer: prediction(
      decodeInfer,
      (model, request, outputs) => refuseRagged(outputs) ?? encodeV2(model, request, outputs),
    ),
    repositoryIndex,
    ping: whenServing({}),
    v1List: (call) => ok(call, { models: [options.modelName] }),
    v1Model: whenServing({ name: options.modelName, ready: true }),
    v1Predict: prediction(decodeV1, (_model, request, outputs) => encodeV1(request.rows, outputs)),
    predict: prediction(decodePredict, (model, _request, outputs) => encodePredict(model, outputs)),
    page(call) {
      options.page(call.exchange, (status) => tell(call, status));
      return undefined;
    },
  };
  const findRoute = createRouter(options.modelName, options.modelVersion, handlers);

  return {
    head(exchange) {
      const found = findRoute(exchange.path);
      const call: Call = {
        exchange,
        route: isProblem(found) ? "unknown" : found.template,
        ticket: options.budget.open(),
      };
      calls.set(exchange, call);
      if (isProblem(found)) return refuse(call, found);
      const method = exchange.method === "HEAD" ? "GET" : exchange.method;
      const handler = method === "GET" || method === "POST" ? found.methods[method] : undefined;
      if (handler === undefined) {
        const allow = found.methods.GET === undefined ? "POST" : "GET, HEAD";
        return refuse(call, problems.methodNotAllowed(exchange.method, allow));
      }
      try {
        return handler(call);
      } catch (error) {
        fail(call, error);
        return undefined;
      }
    },

    whole(exchange, body) {
      const call = calls.get(exchange);
      try {
        call?.whole?.(body);
      } catch (error) {
        if (call !== undefined) fail(call, error);
      }
    },

    over(exchange, end) {
      const call = calls.get(exchange);
      if (call === undefined) return;
      call.ticket.give();
      if (end === "gone") tell(call, clientGone);
      // Without a status it was handed over, and its page tells.
      else if (exchange.status !== 0) tell(call, exchange.status);
    },
  };
}

const headerLengthName = "inference-header-content-length";
const json = { "content-type": "application/json" };

function decodeInfer(body: Uint8Array, signature: Signature, exchange: Exchange): V2Request | Problem {
  const headerLength = readHeaderLength(exchange.header(headerLengthName), body.length);
  return isProblem(headerLength) ? headerLength : decodeV2(body, signature, headerLength);
}

function bytesOf(tensors: readonly Tensor[]): number {
  return tensors.reduce((total, { data }) => total + (Array.isArray(data) ? textBytes(data) : data.byteLength), 0);
}

function textBytes(strings: readonly string[]): number {
  // Two bytes a character at most, and what the string itself takes.
  return strings.reduce((total, text) => total + 2 * text.length + 32, 0);
}

function levelOf(call: Call, status: number): "debug" | "info" | "error" {
  if (isProbe(call) || status < 400) return "debug";
  return status < 500 ? "info" : "error";
}

/** nginx's code for a client that went away before the answer: in metrics and logs only. */
const clientGone = 499;

/** The kubelet asks every second: "not yet" is its answer, not an error of the server's. */
function isProbe({ route }: Call): boolean {
  return route === paths.ready || route === paths.live;
}

export function problemOf(
  outcome: Exclude<RunOutcome, { readonly kind: "done" | "abandoned" }>,
  options: AppOptions,
): Problem {
  switch (outcome.kind) {
    case "invalid":
      return outcome.problem;
    case "refused":
      return outcome.isOutOfMemory ? problems.outOfMemory() : problems.runRefused(outcome.message);
    case "full":
      return problems.queueFull(options.queueLimit);
    case "expired":
      return problems.queueExpired(options.queueSeconds);
    case "stuck":
      return problems.runTimedOut(options.runSeconds);
    case "faulted":
      return problems.engineFault();
    case "closed":
      break;
  }
  return problems.notReady(options.state.phase);
}
