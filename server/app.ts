import type { IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "pino";
import { type BodyOptions, readBody } from "./body.ts";
import type { Connections } from "./connections.ts";
import { paths } from "./contract.ts";
import type { Engine, RunOutcome } from "./engine/engine.ts";
import { isProblem, type Problem, problems } from "./errors.ts";
import { type Answer, type Exchange, problemAnswer, writeAnswer } from "./exchange.ts";
import type { Metrics } from "./metrics.ts";
import type { RecentRequests } from "./page/recent-requests.ts";
import { decodePredict, encodePredict } from "./protocol/predict.ts";
import { decodeV1, encodeV1 } from "./protocol/v1.ts";
import { decodeV2, encodeV2, type InferenceRequest, modelMetadata } from "./protocol/v2.ts";
import { createRouter, type Handler, type Handlers } from "./routes.ts";
import type { ServedModel, ServerState } from "./state.ts";
import type { Signature, Tensor } from "./tensor.ts";
import { createTurns } from "./turns.ts";

export interface AppOptions {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly queueLimit: number;
  readonly queueSeconds: number;
  readonly runSeconds: number;
  readonly body: Omit<BodyOptions, "beforeReading">;
  readonly state: Readonly<ServerState>;
  readonly engine: Engine;
  readonly connections: Connections;
  readonly metrics: Metrics;
  readonly recent: RecentRequests;
  readonly log: Logger;
  /** Monotonic, milliseconds. */
  readonly now: () => number;
  readonly newRequestId: () => string;
  /** Pages for people; ends the response itself. */
  readonly page: (request: IncomingMessage, response: ServerResponse) => void;
}

/** Handles one request. `beforeReading` is called before its body is read. */
export type App = (request: IncomingMessage, response: ServerResponse, beforeReading?: () => void) => void;

const serverName = "slipway";
/** The `version` of package.json: a test holds them together. */
export const serverVersion = "0.1.0";

/** What takes about a millisecond to decode or encode; more waits for its turn, so that probes are answered meanwhile. */
const smallBodyBytes = 64 * 1024;
const smallElements = 8 * 1024;

/** Printable ASCII without spaces: nothing that could break a header or a log line. */
const requestIdPattern = /^[\x21-\x7e]{1,128}$/;

/** The prediction port: protocols, health, pages. Thin: what a request means is decided in `protocol/`. */
export function createApp(options: AppOptions): App {
  const { state, engine, connections, metrics, recent, log, now } = options;
  const turns = createTurns();
  const beforeReadings = new WeakMap<Exchange, () => void>();

  const over = (exchange: Exchange, status: number): void => {
    connections.requestEnded(exchange.request.socket);
    options.body.budget.give(exchange.bodyBytes);
    const seconds = (now() - exchange.started) / 1000;
    metrics.answered(exchange.route, status, seconds);
    recent.add(exchange.route, status, seconds);
    const level = isProbe(exchange) ? "debug" : status >= 500 ? "error" : status >= 400 ? "info" : "debug";
    if (!log.isLevelEnabled(level)) return;
    const { id, route, request } = exchange;
    log[level]({ requestId: id, method: request.method, route, status, seconds }, "request");
  };

  const answer = (exchange: Exchange, content: Answer): void => {
    writeAnswer(exchange, content, connections.isLastAnswer(exchange.request.socket));
    over(exchange, content.status);
  };

  const refuse = (exchange: Exchange, problem: Problem): void => {
    const level = problem.status >= 500 && !isProbe(exchange) ? "warn" : "debug";
    if (log.isLevelEnabled(level)) log[level]({ requestId: exchange.id, code: problem.code }, problem.message);
    answer(exchange, problemAnswer(problem));
  };

  const ok = (exchange: Exchange, body: object): void => answer(exchange, { status: 200, body: JSON.stringify(body) });

  /** The way of every prediction: body, decoded, run, encoded. */
  const prediction =
    <Request extends InferenceRequest>(
      decode: (body: Uint8Array, signature: Signature) => Request | Problem,
      encode: (model: ServedModel, request: Request, outputs: readonly Tensor[]) => string | Problem,
    ): Handler =>
    async (exchange) => {
      const { model } = state;
      if (model === undefined) return refuse(exchange, problems.notReady(state.phase));
      const beforeReading = beforeReadings.get(exchange) ?? nothing;
      const body = await readBody(exchange.request, { ...options.body, beforeReading });
      exchange.bodyBytes = body.budgetBytes;
      if (body.result === undefined) return over(exchange, clientGone);
      if (isProblem(body.result)) return refuse(exchange, body.result);
      if (body.result.length > smallBodyBytes) await turns.next();
      const request = decode(body.result, model.signature);
      if (isProblem(request)) return refuse(exchange, request);

      const { socket } = exchange.request;
      const outcome = await engine.run({
        inputs: request.inputs,
        outputs: request.outputs ?? model.outputNames,
        isAbandoned: () => socket.destroyed,
      });
      if (outcome.kind === "abandoned") return over(exchange, clientGone);
      if (outcome.kind !== "done") return refuse(exchange, problemOf(outcome, options, state));
      metrics.ran(outcome.queueSeconds, outcome.runSeconds);
      if (elementsOf(outcome.outputs) > smallElements) await turns.next();
      const text = encode(model, request, outcome.outputs);
      if (isProblem(text)) return refuse(exchange, text);
      answer(exchange, { status: 200, body: text });
    };

  const whenLoaded =
    (describe: (model: ServedModel) => object): Handler =>
    (exchange) =>
      state.model === undefined
        ? refuse(exchange, problems.notReady(state.phase))
        : ok(exchange, describe(state.model));

  const whenServing =
    (body: object): Handler =>
    (exchange) =>
      state.phase === "serving" ? ok(exchange, body) : refuse(exchange, problems.notReady(state.phase));

  const handlers: Handlers = {
    serverMetadata: (exchange) => ok(exchange, { name: serverName, version: serverVersion, extensions: [] }),
    live: (exchange) => ok(exchange, { live: true }),
    ready: whenServing({ ready: true }),
    modelMetadata: whenLoaded((model) => modelMetadata(model.name, model.version, model.signature)),
    modelReady: whenServing({ name: options.modelName, ready: true }),
    infer: prediction(decodeV2, (model, request, outputs) => encodeV2(model, request.id, outputs)),
    v1List: (exchange) => ok(exchange, { models: [options.modelName] }),
    v1Model: whenServing({ name: options.modelName, ready: true }),
    v1Predict: prediction(decodeV1, (_model, request, outputs) => encodeV1(request.rows, outputs)),
    predict: prediction(decodePredict, (model, _request, outputs) => encodePredict(model, outputs)),
    page(exchange) {
      const { request, response } = exchange;
      response.setHeader("x-request-id", exchange.id);
      if (connections.isLastAnswer(request.socket)) response.setHeader("connection", "close");
      response.once("close", () => over(exchange, response.statusCode));
      options.page(request, response);
    },
  };
  const route = createRouter(options.modelName, options.modelVersion, handlers);

  return (request, response, beforeReading) => {
    const given = request.headers["x-request-id"];
    const id = typeof given === "string" && requestIdPattern.test(given) ? given : options.newRequestId();
    const exchange: Exchange = { request, response, id, started: now(), route: "unknown", bodyBytes: 0 };
    if (beforeReading !== undefined) beforeReadings.set(exchange, beforeReading);
    connections.requestBegun(request.socket);

    const found = route(pathOf(request.url ?? "/"));
    if (isProblem(found)) return refuse(exchange, found);
    exchange.route = found.template;
    const method = request.method === "HEAD" ? "GET" : request.method;
    const handler = method === "GET" || method === "POST" ? found.methods[method] : undefined;
    if (handler === undefined) {
      const allow = found.methods.GET === undefined ? "POST" : "GET, HEAD";
      return refuse(exchange, problems.methodNotAllowed(request.method ?? "", allow));
    }
    void handle(handler, exchange);
  };

  async function handle(handler: Handler, exchange: Exchange): Promise<void> {
    try {
      await handler(exchange);
    } catch (error) {
      log.error({ requestId: exchange.id, error }, "a request could not be handled");
      if (exchange.response.headersSent) exchange.request.socket.destroy();
      else refuse(exchange, problems.internal());
    }
  }
}

function elementsOf(tensors: readonly Tensor[]): number {
  return tensors.reduce((total, { data }) => total + data.length, 0);
}

/** nginx's code for a client that went away before the answer: in metrics and logs only. */
const clientGone = 499;

/** The kubelet asks every second: "not yet" is its answer, not an error of the server's. */
function isProbe({ route }: Exchange): boolean {
  return route === paths.ready || route === paths.live;
}

function pathOf(url: string): string {
  const query = url.indexOf("?");
  return query === -1 ? url : url.slice(0, query);
}

function problemOf(
  outcome: Exclude<RunOutcome, { readonly kind: "done" | "abandoned" }>,
  options: AppOptions,
  state: Readonly<ServerState>,
): Problem {
  switch (outcome.kind) {
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
  return problems.notReady(state.phase);
}

function nothing(): void {
  // A client that did not ask before sending needs no word.
}
