import assert from "node:assert/strict";
import { test } from "node:test";
import type { Datatype, Tensor, TensorData } from "../tensor.ts";
import { releaseInputs } from "./release-inputs.ts";

const body = new Uint8Array(1_000_000);

function tensor(data: TensorData, datatype: Datatype = "FP32"): Tensor {
  return { name: "x", datatype, shape: [data.length], data };
}

test("large tensors are freed, also where they fill a part of their memory only", () => {
  const whole = new Float32Array(100_000);
  const { buffer } = new Float32Array(200_000);
  releaseInputs([tensor(whole), tensor(new Float32Array(buffer, 0, 100_000))], body);
  assert.deepEqual([whole.length, buffer.detached], [0, true]);
});

test("what lies in the body ends with the body, however large a part of it it is", () => {
  releaseInputs([tensor(new Float32Array(body.buffer)), tensor(new Float32Array(body.buffer, 16, 100_000))], body);
  assert.equal(body.length, 1_000_000);
});

test("memory that Node shares out is left alone", () => {
  // What begins to be freed is larger than anything in it.
  assert.ok(Buffer.poolSize >>> 1 < 64 * 1024);
  const shared = Buffer.from("0123456789abcdef");
  releaseInputs([tensor(new Float32Array(16_000)), tensor(new Uint8Array(shared.buffer, shared.byteOffset, 16))], body);
  assert.equal(shared.toString(), "0123456789abcdef");
});

test("an input that is there twice, or has gone to a worker, is no fault", () => {
  const twice = new Float32Array(100_000);
  const gone = new Float32Array(100_000);
  const tensors = [tensor(twice), tensor(twice), tensor(gone)];
  structuredClone(gone, { transfer: [gone.buffer] });
  releaseInputs(tensors, body);
  releaseInputs(tensors, body);
  assert.deepEqual([twice.length, gone.length], [0, 0]);
});

test("strings are let go", () => {
  const texts = ["a", "b"];
  releaseInputs([tensor(texts, "BYTES")], body);
  assert.deepEqual(texts, []);
});
