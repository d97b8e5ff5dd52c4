import assert from "node:assert/strict";
import { test } from "node:test";
import { onnxModel } from "../../fixtures/onnx.ts";
import { post, startServer } from "./harness.ts";
import { memoryOf } from "./memory.ts";

const rows = 4000;
const width = 4096;
const mebibyte = 1024 ** 2;

/** `y = (sigmoid(x w) + x w) v`, of a value for each row: all that is large lives within a run. */
function wideModel(): Uint8Array {
  const raw = new Uint8Array(new Float32Array(width).fill(0.001).buffer);
  return onnxModel({
    nodes: [
      { operator: "MatMul", inputs: ["x", "w"], outputs: ["h"] },
      { operator: "Sigmoid", inputs: ["h"], outputs: ["g"] },
      { operator: "Add", inputs: ["g", "h"], outputs: ["k"] },
      { operator: "MatMul", inputs: ["k", "v"], outputs: ["y"] },
    ],
    inputs: [{ name: "x", elementType: "float32", dims: ["n", 1] }],
    outputs: [{ name: "y", elementType: "float32", dims: ["n", 1] }],
    initializers: [
      { name: "w", elementType: "float32", dims: [1, width], raw },
      { name: "v", elementType: "float32", dims: [width, 1], raw },
    ],
  });
}

test("a shape that comes again takes the memory that its first run took, and no more", async () => {
  const variables = { SLIPWAY_WORKERS: "1", SLIPWAY_LONE_INTRA_OP_THREADS: "1" };
  const server = await startServer({ files: { "model.onnx": wideModel() }, variables });
  const predict = async (count: number): Promise<void> => {
    const body = { inputs: [{ name: "x", datatype: "FP32", shape: [count, 1], data: Array(count).fill(1) }] };
    assert.equal((await post(`${server.url}/v2/models/m/infer`, body)).status, 200);
  };
  const atRest = await memoryOf(server);
  await predict(rows);
  const first = await memoryOf(server);
  // What is large is kept for the next run; if it were not, this would show nothing.
  const largest = rows * width * 4;
  assert.ok(first - atRest > 2 * largest, `${Math.round((first - atRest) / mebibyte)} MiB`);
  for (const count of [rows, rows - 500, rows - 500, rows, rows]) await predict(count);
  const more = (await memoryOf(server)) - first;
  assert.ok(more < largest, `${Math.round(more / mebibyte)} MiB more, where one tensor has ${largest / mebibyte}`);
  await server.stop();
});
