import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog } from "../log.ts";
import type { Engine } from "../engine/run.ts";
import type { Exchange, Reply } from "../http/handler.ts";
import { isProblem } from "../errors.ts";
import type { Signature } from "../tensor.ts";
import { createCors } from "./http/cors.ts";
import { createApp } from "./app.ts";
import { createMemoryBudget } from "./memory-budget.ts";

test("an error of ours while a body is decoded is that request's alone: told, and answered with 500", async () => {
  const lines: string[] = [];
  // As the engine does, which has nobody to catch what is thrown.
  const run: Engine["run"] = ({ decode }) => {
    const inputs = decode();
    assert.ok(isProblem(inputs));
    return Promise.resolve({ kind: "invalid", problem: inputs });
  };
  const signature = {} as Signature;
  const app = createApp({
    modelName: "m",
    modelVersion: "v1",
    queueLimit: 1,
    queueSeconds: 1,
    runSeconds: 1,
    bodyLimitBytes: 1000,
    answerCompression: "none",
    cors: createCors([]),
    tracer: undefined,
    budget: createMemoryBudget(1_000_000),
    state: {
      phase: "serving",
      inService: true,
      model: {
        name: "m",
        version: "v1",
        signature,
        outputNames: [],
        sampleShapes: new Map(),
        provider: "cpu",
        refusedProviders: [],
        batchRows: 1,
      },
    },
    engine: () => ({
      run,
      load: () => assert.fail(),
      queued: () => 0,
      usable: () => 1,
      runs: () => 0,
      close: () => Promise.resolve(true),
    }),
    metrics: { answered: () => undefined, ran: () => undefined, snapshot: () => Promise.resolve([]) },
    recent: { add: () => undefined, list: () => [] },
    log: createLog("error", (line) => lines.push(line)),
    now: () => 0,
    onRan: () => undefined,
    onFailed: () => undefined,
    statistics: () => assert.fail(),
    page: () => undefined,
  });
  const { promise, resolve } = Promise.withResolvers<Reply>();
  const exchange: Exchange = {
    id: "7",
    method: "POST",
    path: "/v2/models/m/infer",
    query: "",
    started: 0,
    status: 0,
    refusal: undefined,
    isGone: false,
    header: (name) => (name === "inference-header-content-length" ? "25" : undefined),
    answer: resolve,
    handOver: () => assert.fail(),
  };
  app.head(exchange);
  app.whole(exchange, Buffer.from('{"inputs":[{"name":"x"}]}'));
  assert.equal((await promise).status, 500);
  assert.match(lines.join(""), /"requestId":"7".*a request could not be decoded/);
});
