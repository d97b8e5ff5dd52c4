import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  a,
  accept,
  acceptRaw,
  bytesOf,
  dataOf,
  inferenceCodec as codec,
  modelOf,
  n,
  refuse,
  refuseRaw,
} from "../../../test/fixtures/infer-request.ts";
import { isProblem } from "../../errors.ts";
import type { Datatype } from "../../tensor.ts";
import { checkInferRequest } from "./infer-request.ts";
import { firstRawOffset, readInferRequest } from "./infer-request-message.ts";

function rawStrings(...texts: readonly (string | Uint8Array)[]): Buffer {
  return Buffer.concat(
    texts.map((text) => {
      const content = Buffer.from(text);
      const size = Buffer.alloc(4);
      size.writeUInt32LE(content.length);
      return Buffer.concat([size, content]);
    }),
  );
}

describe("raw contents", () => {
  test("are taken as they lie, in every datatype", () => {
    const arrays: Readonly<Record<Exclude<Datatype, "BYTES">, ArrayBufferView>> = {
      BOOL: Uint8Array.of(0, 1),
      UINT8: Uint8Array.of(0, 255),
      UINT16: Uint16Array.of(0, 65_535),
      UINT32: Uint32Array.of(0, 2 ** 32 - 1),
      UINT64: BigUint64Array.of(0n, 2n ** 64n - 1n),
      INT8: Int8Array.of(-128, 127),
      INT16: Int16Array.of(-32_768, 32_767),
      INT32: Int32Array.of(-(2 ** 31), 2 ** 31 - 1),
      INT64: BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n),
      FP16: Float16Array.of(Number.NaN, 65_504),
      FP32: Float32Array.of(Number.NaN, Number.NEGATIVE_INFINITY),
      FP64: Float64Array.of(Number.NaN, -0),
    };
    for (const [datatype, array] of Object.entries(arrays)) {
      assert.deepEqual(acceptRaw(datatype as Datatype, 2, bytesOf(array)), array, datatype);
    }
    assert.deepEqual(acceptRaw("BYTES", 3, rawStrings("", "é", "ab")), ["", "é", "ab"]);
  });

  test("of another size than the shape needs are refused", () => {
    assert.match(refuseRaw("FP32", 2, Buffer.alloc(7)), /^WrongByteCount: .*7 raw bytes; FP32 of shape \[2\] needs 8/);
    assert.match(refuseRaw("FP32", 2, Buffer.alloc(9)), /^WrongByteCount/);
    assert.match(refuseRaw("FP32", 2, Buffer.alloc(0)), /^WrongByteCount/);
    assert.deepEqual(acceptRaw("FP32", 0, Buffer.alloc(0)), new Float32Array(0));
  });

  test("of BOOL are 0 and 1", () => {
    assert.match(refuseRaw("BOOL", 2, Uint8Array.of(1, 2)), /^WrongElement: input "x": raw\[1\] is 2/);
  });

  test("of BYTES have as many elements as the shape, each whole", () => {
    assert.match(refuseRaw("BYTES", 2, rawStrings("a")), /^WrongCount: .*1 values.*needs 2/);
    assert.match(refuseRaw("BYTES", 1, rawStrings("a", "b")), /^WrongByteCount: .*10 raw bytes.*needs 5/);
    assert.match(refuseRaw("BYTES", 1, rawStrings("abc").subarray(0, 6)), /^BadRawStrings: .*element 0.*6 bytes/);
    assert.match(
      refuseRaw("BYTES", 2, Buffer.concat([rawStrings("a"), Buffer.alloc(3)])),
      /^BadRawStrings: .*element 1/,
    );
    assert.match(refuseRaw("BYTES", 1, Buffer.alloc(4, 0xff)), /^BadRawStrings/);
    assert.match(refuseRaw("BYTES", 1, rawStrings(Uint8Array.of(0xff))), /^WrongElement: input "x": raw\[0\]/);
    assert.match(refuseRaw("BYTES", 1, rawStrings("a\0")), /^WrongElement/);
  });

  test("are there for every input or for none, and not beside typed ones", () => {
    const raw = bytesOf(Float32Array.of(1, 2));
    const bare = { ...a, contents: undefined };
    assert.match(refuse({ inputs: [bare, n], raw_input_contents: [raw] }), /^RawCount: .*1 entries for 2 inputs/);
    assert.match(refuse({ inputs: [bare], raw_input_contents: [raw, raw] }), /^RawCount: .*2 entries for 1 inputs/);
    const both = { inputs: [bare, n], raw_input_contents: [raw, new Uint8Array(8)] };
    assert.match(refuse(both), /^WrongContents: input "n"/);
  });

  test("belong to the inputs in the order in which they were sent", () => {
    const inputs = [
      { ...n, contents: undefined },
      { ...a, contents: undefined },
    ];
    const raw = [bytesOf(BigInt64Array.of(5n)), bytesOf(Float32Array.of(1, 2))];
    const request = accept({ inputs, raw_input_contents: raw });
    assert.deepEqual(
      request.inputs.map(({ data }) => data),
      [Float32Array.of(1, 2), BigInt64Array.of(5n)],
    );
  });

  test("that lie at a multiple of 16 bytes are not copied, and others are", () => {
    const message = codec.encode("ModelInferRequest", {
      inputs: [{ name: "x", datatype: "FP64", shape: [4] }],
      raw_input_contents: [bytesOf(Float64Array.of(1, 2, 3, 4))],
    });
    const offset = firstRawOffset(message) ?? 0;
    for (const shift of [0, 4, 8, 16]) {
      const padding = (16 - (offset % 16)) % 16;
      const placed = Buffer.from(new ArrayBuffer(message.length + 32), padding + shift, message.length);
      message.copy(placed);
      const request = readInferRequest(placed);
      assert.ok(!isProblem(request));
      const checked = checkInferRequest(request, modelOf("FP64"));
      assert.ok(!isProblem(checked));
      const data = dataOf(checked) as Float64Array;
      assert.deepEqual([...data], [1, 2, 3, 4]);
      assert.equal(data.buffer === placed.buffer, shift % 16 === 0, `shifted by ${shift}`);
    }
  });
});
