/// <reference lib="esnext.float16" />
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Datatype, Tensor, TensorData } from "../../tensor.ts";
import { encodedBytes } from "./encoded-bytes.ts";
import { encodeInferResponse } from "./infer-response.ts";

/** Each with the longest forms that its values have. */
const samples: readonly (readonly [Datatype, TensorData])[] = [
  ["BOOL", Uint8Array.of(1, 0)],
  ["UINT8", Uint8Array.of(255, 0)],
  ["UINT16", Uint16Array.of(65_535, 0)],
  ["UINT32", Uint32Array.of(2 ** 32 - 1, 0)],
  ["UINT64", BigUint64Array.of(2n ** 64n - 1n, 0n)],
  ["INT8", Int8Array.of(-128, 127)],
  ["INT16", Int16Array.of(-32_768, 1)],
  ["INT32", Int32Array.of(-(2 ** 31), 1)],
  ["INT64", BigInt64Array.of(-(2n ** 63n), 1n)],
  ["FP16", Float16Array.of(1, -1)],
  ["FP32", Float32Array.of(1, -1)],
  ["FP64", Float64Array.of(1, -1)],
  ["BYTES", ["", "aé😀"]],
];
/** The model's name and version, the names and shapes of outputs. */
const headBytes = 100;

function repeated(data: TensorData, times: number): TensorData {
  if (Array.isArray(data)) return Array.from({ length: times }, () => data).flat();
  const whole = new (data.constructor as new (length: number) => Uint8Array<ArrayBuffer>)(times * data.length);
  for (let index = 0; index < times; index++) whole.set(data as Uint8Array, index * data.length);
  return whole;
}

for (const [datatype, sample] of samples) {
  test(`an answer of ${datatype} takes no more memory than is said before`, () => {
    for (const isRaw of [false, true]) {
      for (const times of [1, 1000, 30_000]) {
        const data = repeated(sample, times);
        const outputs: Tensor[] = [{ name: "y", datatype, shape: [data.length], data }];
        const pieces = encodeInferResponse({ modelName: "m", modelVersion: "1", id: "", outputs, isRaw });
        const own = pieces.filter(({ buffer }) => Array.isArray(data) || buffer !== data.buffer);
        const taken = own.reduce((total, { length }) => total + length, 0);
        const counted = encodedBytes(outputs, isRaw || datatype === "FP16");
        assert.ok(taken <= counted + headBytes, `raw: ${isRaw}, ${times} times: ${taken} of ${counted}`);
      }
    }
  });
}

test("typed values are written once, into memory of the size that was said before", () => {
  const data = new Int8Array(1_000_000).fill(-1);
  const outputs: Tensor[] = [{ name: "y", datatype: "INT8", shape: [data.length], data }];
  const [piece = assert.fail()] = encodeInferResponse({
    modelName: "m",
    modelVersion: "1",
    id: "",
    outputs,
    isRaw: false,
  });
  const counted = encodedBytes(outputs, false);
  assert.ok(piece.buffer.byteLength <= counted + 1024, `${piece.buffer.byteLength} of ${counted}`);
});
