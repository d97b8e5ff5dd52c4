import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createLog } from "../log.ts";
import type { Engine } from "../engine/run.ts";
import type { Exchange, Handler, Reply } from "../http/handler.ts";
import { isProblem } from "../errors.ts";
import type { Signature, Tensor } from "../tensor.ts";
import { createCors } from "./http/cors.ts";
import { createApp } from "./app.ts";
import { createMemoryBudget, type MemoryBudget } from "./memory-budget.ts";

const signature: Signature = {
  inputs: [{ name: "x", datatype: "FP32", shape: [-1] }],
  outputs: [{ name: "y", datatype: "FP32", shape: [-1] }],
};

interface Ground {
  readonly app: Handler;
  readonly lines: readonly string[];
}

function startGround(run: Engine["run"], budget: MemoryBudget, of = signature): Ground {
  const lines: string[] = [];
  const app = createApp({
    modelName: "m",
    modelVersion: "v1",
    queueLimit: 1,
    queueSeconds: 1,
    runSeconds: 1,
    bodyLimitBytes: 10_000_000,
    answerCompression: "none",
    cors: createCors([]),
    tracer: undefined,
    budget,
    state: {
      phase: "serving",
      inService: true,
      model: {
        name: "m",
        version: "v1",
        signature: of,
        outputNames: of.outputs?.map(({ name }) => name) ?? [],
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
  return { app, lines };
}

interface Asked {
  readonly exchange: Exchange;
  readonly answered: Promise<Reply>;
}

/** As the HTTP layer does: the head, the memory of the body, the body. */
function ask(app: Handler, body: Buffer, jsonLength?: number): Asked {
  const { promise, resolve } = Promise.withResolvers<Reply>();
  const exchange: Exchange = {
    id: "7",
    method: "POST",
    path: "/v2/models/m/infer",
    query: "",
    started: 0,
    status: 0,
    refusal: undefined,
    attached: undefined,
    isGone: false,
    header: (name) => (name === "inference-header-content-length" ? jsonLength?.toString() : undefined),
    answer: resolve,
    handOver: () => assert.fail(),
  };
  assert.equal(app.head(exchange)?.take(body.length), true);
  app.whole(exchange, body);
  return { exchange, answered: promise };
}

test("an error of ours while a body is decoded is that request's alone: told, and answered with 500", async () => {
  // As the engine does, which has nobody to catch what is thrown.
  const run: Engine["run"] = ({ decode }) => {
    const inputs = decode();
    assert.ok(isProblem(inputs));
    return Promise.resolve({ kind: "invalid", problem: inputs });
  };
  const { app, lines } = startGround(run, createMemoryBudget(1_000_000), {} as Signature);
  const { answered } = ask(app, Buffer.from('{"inputs":[{"name":"x"}]}'), 25);
  assert.equal((await answered).status, 500);
  assert.match(lines.join(""), /"requestId":"7".*a request could not be decoded/);
});

describe("when the model has run", () => {
  const limit = 10_000_000;
  const count = 100_000;
  const input = { name: "x", datatype: "FP32", shape: [count] };
  const text = Buffer.from(JSON.stringify({ inputs: [{ ...input, data: Array.from({ length: count }, () => 1) }] }));
  const head = Buffer.from(
    JSON.stringify({ inputs: [{ ...input, parameters: { binary_data_size: 4 * count } }] }).padEnd(160),
  );
  const binary = Buffer.concat([head, new Uint8Array(new Float32Array(count).fill(1).buffer)]);

  const seen = (): { readonly inputs: Tensor[]; readonly run: (outputBytes: number) => Engine["run"] } => {
    const inputs: Tensor[] = [];
    const run =
      (outputBytes: number): Engine["run"] =>
      ({ decode }) => {
        const decoded = decode();
        assert.ok(!isProblem(decoded));
        inputs.push(...decoded.inputs);
        assert.equal(decoded.inputs[0]?.data.length, count);
        const data = new Float32Array(outputBytes / 4);
        const outputs: Tensor[] = [{ name: "y", datatype: "FP32", shape: [data.length], data }];
        return Promise.resolve({ kind: "done", outputs, queueSeconds: 0, runSeconds: 0 });
      };
    return { inputs, run };
  };

  test("nothing is held of its inputs while the answer leaves, but what lies in the body", async () => {
    for (const [body, jsonLength, left] of [
      [text, undefined, 0],
      [binary, head.length, count],
    ] as const) {
      const { inputs, run } = seen();
      const budget = createMemoryBudget(limit);
      const { app } = startGround(run(4000), budget);
      const { exchange, answered } = ask(app, body, jsonLength);
      assert.equal((await answered).status, 200);
      assert.equal(inputs[0]?.data.length, left);
      const others = budget.open();
      assert.equal(others.take(limit - body.length - 4000), true, "the rest is for others");
      assert.equal(others.take(1), false, "body and outputs are held");
      app.over(exchange, "sent");
      assert.equal(others.take(body.length + 4000), true, "all is given back");
    }
  });

  test("outputs that find no room are refused, and all is given back with the refusal", async () => {
    const { run } = seen();
    const budget = createMemoryBudget(limit);
    const { app } = startGround(run(limit), budget);
    const { exchange, answered } = ask(app, text);
    const { status, parts } = await answered;
    assert.equal(status, 503);
    assert.match([...parts].join(""), /AnswerTooLarge/);
    app.over(exchange, "gone");
    assert.equal(budget.open().take(limit), true);
  });
});
