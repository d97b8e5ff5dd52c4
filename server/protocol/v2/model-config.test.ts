import assert from "node:assert/strict";
import { test } from "node:test";
import { modelConfig } from "./model-config.ts";

const model = {
  name: "m",
  version: "v1",
  signature: {
    inputs: [{ name: "a", datatype: "BYTES", shape: [-1] }],
    outputs: [{ name: "b", datatype: "FP16", shape: [-1, 2] }],
  },
} as const;

test("a configuration says on what the model runs, and how many rows run together", () => {
  assert.deepEqual(modelConfig({ ...model, provider: "cuda", batchRows: 16 }), {
    name: "m",
    platform: "onnxruntime_onnx",
    backend: "onnxruntime",
    max_batch_size: 0,
    input: [{ name: "a", data_type: "TYPE_STRING", dims: [-1] }],
    output: [{ name: "b", data_type: "TYPE_FP16", dims: [-1, 2] }],
    instance_group: [{ kind: "KIND_GPU" }],
    dynamic_batching: { preferred_batch_size: [16] },
    parameters: { provider: { string_value: "cuda" } },
  });
});

test("where none run together it says nothing of it", () => {
  const config = modelConfig({ ...model, provider: "cpu", batchRows: 1 });
  assert.deepEqual(config.instance_group, [{ kind: "KIND_CPU" }]);
  assert.equal("dynamic_batching" in config, false);
});
