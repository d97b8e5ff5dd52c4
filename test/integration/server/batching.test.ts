import assert from "node:assert/strict";
import { Agent, request } from "node:http";
import { test } from "node:test";
import { type Node, onnxModel } from "../../fixtures/onnx.ts";
import { call, startServer } from "./harness.ts";

const width = 64;
const classes = 4;

/** What `quantize_dynamic` of ONNX Runtime makes of a matrix product: its input is rounded by the largest value of all rows. */
function quantizedProduct(input: string, output: string, weights: string): Node[] {
  const names = ["bytes", "scale", "zero", "sums", "products", "factor"].map((name) => `${output} ${name}`);
  const [bytes = "", scale = "", zero = "", sums = "", products = "", factor = ""] = names;
  return [
    { operator: "DynamicQuantizeLinear", inputs: [input], outputs: [bytes, scale, zero] },
    { operator: "MatMulInteger", inputs: [bytes, weights, zero], outputs: [sums] },
    { operator: "Cast", inputs: [sums], outputs: [products], attributes: { to: 1 } },
    { operator: "Mul", inputs: [scale, "weight scale"], outputs: [factor] },
    { operator: "Mul", inputs: [products, factor], outputs: [output] },
  ];
}

/**
 * Two layers and a softmax behind a normalisation, as text models have them. Rows that a server makes up at its start are
 * all alike to it and hardly change each other's answers; one of a single large value changes those of all others.
 */
function quantizedModel(): Uint8Array {
  const weights = (name: string, columns: number): { name: string; dims: number[]; raw: Uint8Array } => {
    const values = Int8Array.from({ length: width * columns }, (_, index) =>
      Math.round(Math.sin(index * 12.9898 + columns) * 127),
    );
    return { name, dims: [width, columns], raw: new Uint8Array(values.buffer) };
  };
  const scale = new Float32Array([1 / (127 * Math.sqrt(width))]);
  return onnxModel({
    nodes: [
      { operator: "LpNormalization", inputs: ["x"], outputs: ["normal"], attributes: { axis: 1, p: 2 } },
      ...quantizedProduct("normal", "first", "w1"),
      { operator: "Relu", inputs: ["first"], outputs: ["hidden"] },
      ...quantizedProduct("hidden", "second", "w2"),
      { operator: "Softmax", inputs: ["second"], outputs: ["y"], attributes: { axis: 1 } },
    ],
    inputs: [{ name: "x", elementType: "float32", dims: ["batch", width] }],
    outputs: [{ name: "y", elementType: "float32", dims: ["batch", classes] }],
    initializers: [
      { elementType: "int8", ...weights("w1", width) },
      { elementType: "int8", ...weights("w2", classes) },
      { name: "weight scale", elementType: "float32", dims: [], raw: new Uint8Array(scale.buffer) },
    ],
  });
}

function ask(agent: Agent, url: string, row: readonly number[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/predict`, { method: "POST", agent }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => (text += part));
      response.on("end", () => resolve(text));
    });
    sent.on("error", reject);
    sent.end(JSON.stringify({ input_data: [row] }));
  });
}

test("a dynamically quantised model answers nobody by the values of others", async () => {
  const server = await startServer({ files: { "model.onnx": quantizedModel() } });
  const row = Array.from({ length: width }, (_, index) => Math.sin(index * 7.1));
  const spike = row.map((_, index) => (index === 5 ? 100 : 0));
  const report = (await call(`${server.metricsUrl}/slipway/report`)).json as { readonly batchRows: number };
  assert.equal(report.batchRows, 1);

  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const alone = await ask(agent, server.url, row);
  for (let round = 0; round < 10; round++) {
    const others = Array.from({ length: 7 }, () => ask(agent, server.url, spike));
    assert.equal(await ask(agent, server.url, row), alone);
    await Promise.all(others);
  }
  agent.destroy();
  await server.stop();
});
