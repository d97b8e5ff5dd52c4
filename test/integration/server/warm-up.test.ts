import assert from "node:assert/strict";
import { test } from "node:test";
import { endlessOnZerosModel } from "../../fixtures/models/slow.ts";
import { onnxModel } from "../../fixtures/onnx.ts";
import { call, post, type RunningServer, startServer } from "./harness.ts";

/** A made-up request proves nothing about a model: whatever it does, the model is served. */

function detailOf(server: RunningServer): unknown {
  return server.log().find(({ msg }) => msg === "the model did not run on zeros; the first request will be slower")?.[
    "detail"
  ];
}

test("a run on zeros that does not end keeps nobody from being served", async () => {
  const server = await startServer({
    files: { "model.onnx": endlessOnZerosModel() },
    variables: { SLIPWAY_RUN_TIMEOUT_SECONDS: "1", SLIPWAY_WORKERS: "2" },
  });
  const reply = await post(`${server.url}/predict`, { input_data: { step: 1, limit: 10 } });
  assert.deepEqual([reply.status, reply.json], [200, { model_name: "m", model_version: "v1", predictions: 11 }]);
  assert.equal(detailOf(server), "a run on zeros took longer than 1 s");
  assert.equal(server.log().filter(({ msg }) => msg === "serving").length, 1);
  assert.equal(await server.report(), undefined);
  const { text } = await call(`${server.metricsUrl}/metrics`);
  assert.equal(/^slipway_workers_replaced_total\{.*\} (\d+)$/m.exec(text)?.[1], "0");
  assert.equal((await server.stop()).code, 0);
});

test("nor does one that ends its process", async () => {
  const number = (value: number): Uint8Array => new Uint8Array(Int32Array.of(value).buffer);
  const value = { elementType: "int32", dims: [1] } as const;
  // At 0 it is the lowest integer by -1, which has no value, and on which processors trap.
  const model = onnxModel({
    nodes: [
      { operator: "Add", inputs: ["x", "lowest"], outputs: ["dividend"] },
      { operator: "Add", inputs: ["x", "minus one"], outputs: ["divisor"] },
      { operator: "Div", inputs: ["dividend", "divisor"], outputs: ["y"] },
    ],
    inputs: [{ name: "x", ...value }],
    outputs: [{ name: "y", ...value }],
    initializers: [
      { name: "lowest", ...value, raw: number(-(2 ** 31)) },
      { name: "minus one", ...value, raw: number(-1) },
    ],
  });
  const server = await startServer({ files: { "model.onnx": model } });
  const reply = await post(`${server.url}/predict`, { input_data: [3] });
  assert.deepEqual(reply.json, { model_name: "m", model_version: "v1", predictions: [-(2 ** 30) + 2] });
  assert.match(String(detailOf(server)), /^a run on zeros ended its process \(/);
  assert.equal((await server.stop()).code, 0);
});
