import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bytesOf, inferenceCodec as codec } from "../../../test/fixtures/infer-request.ts";
import type { ProtoObject } from "../../../test/fixtures/proto-message.ts";
import type { Datatype, Tensor, TensorData } from "../../tensor.ts";
import { completeFrame, prefixBytes } from "../wire/message-frame.ts";
import { encodeInferResponse } from "./infer-response.ts";

const parts = { modelName: "m", modelVersion: "v1", id: "7" };

function tensor(datatype: Datatype, data: TensorData, name = "y"): Tensor {
  return { name, datatype, shape: [data.length], data };
}

function encode(outputs: readonly Tensor[], isRaw: boolean, more = parts): ProtoObject {
  const pieces = encodeInferResponse({ ...more, outputs, isRaw });
  completeFrame(pieces);
  const framed = Buffer.concat(pieces);
  assert.equal(framed.readUInt32BE(1), framed.length - prefixBytes);
  return codec.decode("ModelInferResponse", framed.subarray(prefixBytes));
}

function outputOf(datatype: Datatype, data: TensorData): ProtoObject {
  return (encode([tensor(datatype, data)], false)["outputs"] as readonly ProtoObject[])[0] ?? {};
}

const empty = {
  bool_contents: [],
  int_contents: [],
  int64_contents: [],
  uint_contents: [],
  uint64_contents: [],
  fp32_contents: [],
  fp64_contents: [],
  bytes_contents: [],
};

const samples: readonly (readonly [Exclude<Datatype, "FP16">, TensorData, string, readonly unknown[]])[] = [
  ["BOOL", Uint8Array.of(1, 0), "bool_contents", [true, false]],
  ["UINT8", Uint8Array.of(0, 255), "uint_contents", [0, 255]],
  ["UINT16", Uint16Array.of(0, 65_535), "uint_contents", [0, 65_535]],
  ["UINT32", Uint32Array.of(0, 2 ** 32 - 1), "uint_contents", [0, 2 ** 32 - 1]],
  ["UINT64", BigUint64Array.of(0n, 2n ** 64n - 1n), "uint64_contents", [0n, 2n ** 64n - 1n]],
  ["INT8", Int8Array.of(-128, 127), "int_contents", [-128, 127]],
  ["INT16", Int16Array.of(-32_768, 32_767), "int_contents", [-32_768, 32_767]],
  ["INT32", Int32Array.of(-(2 ** 31), 2 ** 31 - 1), "int_contents", [-(2 ** 31), 2 ** 31 - 1]],
  ["INT64", BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n), "int64_contents", [-(2n ** 63n), 2n ** 63n - 1n]],
  ["FP32", Float32Array.of(Number.NaN, -0.5), "fp32_contents", [Number.NaN, -0.5]],
  ["FP64", Float64Array.of(Number.POSITIVE_INFINITY, 0.1), "fp64_contents", [Number.POSITIVE_INFINITY, 0.1]],
  ["BYTES", ["", "é"], "bytes_contents", [new Uint8Array(0), Uint8Array.from(Buffer.from("é"))]],
];

describe("typed contents", () => {
  for (const [datatype, data, field, expected] of samples) {
    test(`of ${datatype}`, () => {
      const shape = [BigInt(data.length)];
      assert.deepEqual(outputOf(datatype, data), {
        name: "y",
        datatype,
        shape,
        parameters: [],
        contents: { ...empty, [field]: expected },
      });
    });
  }

  test("of a tensor without elements, or of a scalar", () => {
    assert.deepEqual(outputOf("FP32", new Float32Array(0))["contents"], empty);
    const scalar: Tensor = { name: "y", datatype: "FP32", shape: [], data: Float32Array.of(2) };
    const [output] = encode([scalar], false)["outputs"] as readonly ProtoObject[];
    assert.deepEqual(output?.["shape"], []);
  });
});

describe("raw contents", () => {
  for (const [datatype, data] of samples) {
    if (Array.isArray(data)) continue;
    test(`of ${datatype} are the elements' bytes`, () => {
      const response = encode([tensor(datatype, data)], true);
      assert.deepEqual(response["raw_output_contents"], [Uint8Array.from(bytesOf(data))]);
      const [output] = response["outputs"] as readonly ProtoObject[];
      assert.equal(output?.["contents"], undefined);
    });
  }

  test("of BYTES have the length of each element before it", () => {
    const response = encode([tensor("BYTES", ["", "é"])], true);
    assert.deepEqual(response["raw_output_contents"], [Uint8Array.of(0, 0, 0, 0, 2, 0, 0, 0, 0xc3, 0xa9)]);
  });

  test("of a part of an array are that part", () => {
    const part = Float32Array.of(1, 2, 3).subarray(1);
    const [raw] = encode([tensor("FP32", part)], true)["raw_output_contents"] as readonly Uint8Array[];
    assert.deepEqual(raw, Uint8Array.from(bytesOf(Float32Array.of(2, 3))));
  });

  test("are what everything gets when one output is FP16, whatever was asked for", () => {
    const half = tensor("FP16", Float16Array.of(1), "h");
    const response = encode([tensor("FP32", Float32Array.of(1)), half], false);
    assert.equal((response["raw_output_contents"] as readonly unknown[]).length, 2);
  });

  test("that are large are not copied, and stand in the order of the outputs", () => {
    const large = new Float32Array(10_000).fill(3);
    const small = Float32Array.of(4);
    const outputs = [tensor("FP32", small, "a"), tensor("FP32", large, "b"), tensor("FP32", small, "c")];
    const pieces = encodeInferResponse({ ...parts, outputs, isRaw: true });
    assert.equal(pieces.filter((piece) => piece.buffer === large.buffer).length, 1);
    const raw = encode(outputs, true)["raw_output_contents"] as readonly Uint8Array[];
    assert.deepEqual(
      raw.map(({ length }) => length),
      [4, 40_000, 4],
    );
    assert.ok(Buffer.from(raw[1] ?? []).equals(bytesOf(large)));
  });
});

test("an answer names the model, its version and the request", () => {
  const response = encode([], true);
  assert.deepEqual([response["model_name"], response["model_version"], response["id"]], ["m", "v1", "7"]);
  assert.equal(encode([], true, { ...parts, id: "" })["id"], undefined);
});
