import assert from "node:assert/strict";
import { test } from "node:test";
import { modelMetadata } from "./encode-v2.ts";

test("metadata says more of an input or output only where there is more to say", () => {
  const signature = {
    inputs: [
      { name: "x", datatype: "FP32", shape: [-1, 4] },
      { name: "m", datatype: "FP32", shape: [-1, -1, 2], dimensionNames: ["batch", "", ""], isOptional: true },
    ],
    outputs: [
      { name: "p", datatype: "FP32", shape: [-1, 2], labels: ["cat", "dog"] },
      { name: "s", datatype: "FP32", shape: [], isSequence: true },
    ],
  } as const;
  assert.deepEqual(modelMetadata({ name: "m", version: "v1", signature, provider: "cpu" }), {
    name: "m",
    versions: ["v1"],
    platform: "onnx_onnxv1",
    inputs: [
      { name: "x", datatype: "FP32", shape: [-1, 4] },
      {
        name: "m",
        datatype: "FP32",
        shape: [-1, -1, 2],
        parameters: { dims: ["batch", null, 2], optional: true },
      },
    ],
    outputs: [
      { name: "p", datatype: "FP32", shape: [-1, 2], parameters: { labels: ["cat", "dog"] } },
      { name: "s", datatype: "FP32", shape: [], parameters: { sequence: true } },
    ],
    parameters: { provider: "cpu" },
  });
});
