import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { styleOf } from "../text/style.ts";
import { logText } from "./log-text.ts";
import { nameFrom, servingText } from "./serve.ts";

const plain = styleOf(false);

test("a model is named after its file or repository", () => {
  const operands = [
    "./models/Text_Direction.onnx",
    "oci://registry.test:5000/models/text-direction:1",
    `oci://registry.test/models/text-direction@sha256:${"1".repeat(64)}`,
    "https://example.com/@scope/digits.onnx?token=x",
    "/srv/@scope/digits",
    "12.onnx",
    "./",
    `${"x".repeat(60)}.onnx`,
  ];
  assert.deepEqual(operands.map(nameFrom), [
    "text-direction",
    "text-direction",
    "text-direction",
    "digits",
    "digits",
    "model",
    "model",
    "x".repeat(52),
  ]);
});

describe("what is printed when predictions are taken", () => {
  const model = {
    name: "digits",
    version: "v1",
    signature: { inputs: [{ name: "x", datatype: "FP32", shape: [-1, 2] }], outputs: [] },
    outputNames: [],
    sampleShapes: new Map([["x", [1, 2]]]),
    provider: "cpu",
    refusedProviders: [],
    batchRows: 1,
  } as const;
  test("has a command for each protocol", () => {
    const text = servingText({ model, httpPort: 8080, grpcPort: 8081, metricsPort: 9090 }, "127.0.0.1", plain);
    assert.match(text, /^digits v1 serves at http:\/\/127\.0\.0\.1:8080$/m);
    for (const path of ["/v2/models/digits/infer", "/v1/models/digits:predict", "/predict"]) {
      assert.match(text, new RegExp(`^curl .* 'http://127\\.0\\.0\\.1:8080${path}'$`, "m"));
    }
    assert.match(text, /^page http:\/\/127\.0\.0\.1:8080\/, gRPC 127\.0\.0\.1:8081, metrics/m);
    assert.match(text, /^ {2}grpcurl -plaintext -d @ '127\.0\.0\.1:8081' inference/m);
    assert.match(text, /-H 'inference-header-content-length: \d+' --data-binary @- 'http:/);
  });
  test("names an address that can be reached", () => {
    assert.match(
      servingText({ model, httpPort: 1, grpcPort: 8081, metricsPort: 2 }, "::", plain),
      /http:\/\/127\.0\.0\.1:1/,
    );
    assert.match(
      servingText({ model, httpPort: 1, grpcPort: 8081, metricsPort: 2 }, "::1", plain),
      /http:\/\/\[::1\]:1/,
    );
  });
});

function line(level: number, msg: string, fields: object = {}): string {
  return JSON.stringify({ level, time: 1, model: "m", version: "v", ...fields, msg });
}

describe("a line of the log", () => {
  test("that tells of a run that goes well is left out, unless all is asked for", () => {
    assert.equal(logText(line(30, "listening", { httpPort: 1 }), false, plain), undefined);
    assert.equal(logText(line(30, "listening", { httpPort: 1 }), true, plain)?.text, "listening  httpPort=1");
  });
  test("that a person waits for is shown", () => {
    assert.equal(logText(line(30, "draining", { propagationSeconds: 0 }), false, plain)?.text, "draining");
  });
  test("that warns has its details", () => {
    assert.equal(
      logText(line(40, "odd", { skippedOutputs: ["a"] }), false, plain)?.text,
      'warning: odd  skippedOutputs=["a"]',
    );
  });
  test("that is the last is known as such", () => {
    assert.equal(logText(line(60, "gone"), false, plain)?.isFatal, true);
    assert.equal(logText(line(50, "bad"), false, plain)?.isFatal, false);
  });
});
