import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  acceptOne,
  dataOf,
  inferenceCodec as codec,
  modelOf,
  refuseOne,
} from "../../../test/fixtures/infer-request.ts";
import { lengthDelimited } from "../../../test/fixtures/proto-message.ts";
import { isProblem } from "../../errors.ts";
import type { Datatype } from "../../tensor.ts";
import { checkInferRequest } from "./infer-request.ts";
import { readInferRequest } from "./infer-request-message.ts";

describe("typed contents", () => {
  const int = (low: bigint, high: bigint): fc.Arbitrary<bigint[]> => fc.array(fc.bigInt({ min: low, max: high }));
  const integers = [
    ["INT8", "int_contents", -128n, 127n],
    ["INT16", "int_contents", -32_768n, 32_767n],
    ["INT32", "int_contents", -(2n ** 31n), 2n ** 31n - 1n],
    ["INT64", "int64_contents", -(2n ** 63n), 2n ** 63n - 1n],
    ["UINT8", "uint_contents", 0n, 255n],
    ["UINT16", "uint_contents", 0n, 65_535n],
    ["UINT32", "uint_contents", 0n, 2n ** 32n - 1n],
    ["UINT64", "uint64_contents", 0n, 2n ** 64n - 1n],
  ] as const;
  for (const [datatype, field, low, high] of integers) {
    test(`of ${datatype} keep every digit, packed or not`, () => {
      fc.assert(
        fc.property(int(low, high), fc.boolean(), (values, isUnpacked) => {
          const data = acceptOne(datatype, values.length, { [field]: values }, isUnpacked);
          assert.deepEqual(Array.from(data as Iterable<number | bigint>, BigInt), values);
        }),
        { examples: [[[low, high, 0n], false]] },
      );
    });
  }

  for (const [datatype, field, value] of [
    ["INT8", "int_contents", 128],
    ["INT8", "int_contents", -129],
    ["INT16", "int_contents", 32_768],
    ["UINT8", "uint_contents", 256],
    ["UINT16", "uint_contents", 65_536],
  ] as const) {
    test(`of ${datatype} cannot be ${value}`, () => {
      const expected = new RegExp(`^WrongElement: input "x": ${field}\\[1\\] is ${value}; allowed: integers from`);
      assert.match(refuseOne(datatype, 2, { [field]: [1, value] }), expected);
    });
  }

  for (const [datatype, field, type] of [
    ["FP32", "fp32_contents", Float32Array],
    ["FP64", "fp64_contents", Float64Array],
  ] as const) {
    test(`of ${datatype} keep their value, NaN and infinities among them, packed or not`, () => {
      const arrays = datatype === "FP32" ? fc.float32Array() : fc.float64Array();
      fc.assert(
        fc.property(arrays, fc.boolean(), (values, isUnpacked) => {
          const data = acceptOne(datatype, values.length, { [field]: [...values] }, isUnpacked);
          assert.ok(data instanceof type);
          assert.deepEqual([...data], [...values]);
        }),
        { examples: [[type.of(Number.NaN, Number.POSITIVE_INFINITY, -0), false]] },
      );
    });
  }

  test("of BOOL and BYTES", () => {
    assert.deepEqual(acceptOne("BOOL", 3, { bool_contents: [true, false, true] }), Uint8Array.of(1, 0, 1));
    const texts = ["", "é", "\u{1f600}"];
    assert.deepEqual(acceptOne("BYTES", 3, { bytes_contents: texts.map((text) => Buffer.from(text)) }), texts);
  });

  test("of BYTES are UTF-8 without U+0000, as the model cannot take anything else", () => {
    const element = (bytes: readonly number[]): string =>
      refuseOne("BYTES", 2, { bytes_contents: [Buffer.from("a"), Buffer.from(bytes)] });
    assert.match(element([0xff]), /^WrongElement: input "x": bytes_contents\[1\] is .*UTF-8 without U\+0000/);
    assert.match(element([0x61, 0]), /^WrongElement: input "x": bytes_contents\[1\]/);
  });

  test("in the field of another datatype are refused, empty ones set aside", () => {
    assert.match(
      refuseOne("FP32", 1, { int_contents: [1] }),
      /^WrongContents: .*FP32 has values in int_contents; allowed: fp32_contents/,
    );
    assert.match(refuseOne("FP32", 1, { fp32_contents: [1], bytes_contents: [Buffer.from("")] }), /bytes_contents/);
    acceptOne("FP32", 1, { int_contents: [], fp32_contents: [1], fp64_contents: [] });
  });

  test("of FP16 do not exist", () => {
    assert.match(refuseOne("FP16", 1, { fp32_contents: [1] }), /^WrongContents: .*raw_input_contents/);
  });

  test("that are cut off within a number are refused", () => {
    const message = (field: number, content: readonly number[], datatype: Datatype): string => {
      const contents = lengthDelimited(5, lengthDelimited(field, Buffer.from(content)));
      const head = codec.encode("InferInputTensor", { name: "x", datatype, shape: [1] });
      const request = readInferRequest(lengthDelimited(5, Buffer.concat([head, contents])));
      assert.ok(!isProblem(request));
      const checked = checkInferRequest(request, modelOf(datatype));
      assert.ok(isProblem(checked));
      return checked.message;
    };
    assert.match(message(6, [0, 0, 0], "FP32"), /3 bytes ends within a number/);
    assert.match(message(3, [0x01, 0x80], "INT64"), /2 bytes ends within a number/);
    assert.match(message(3, [...Array.from({ length: 10 }, () => 0x80), 0], "INT64"), /more than 10 bytes/);
  });

  test("in several pieces are one after the other", () => {
    const piece = (value: number): Buffer =>
      lengthDelimited(5, codec.encode("InferTensorContents", { fp32_contents: [value] }));
    const head = codec.encode("InferInputTensor", { name: "x", datatype: "FP32", shape: [2] });
    const request = readInferRequest(lengthDelimited(5, Buffer.concat([piece(1), head, piece(2)])));
    assert.ok(!isProblem(request));
    const checked = checkInferRequest(request, modelOf("FP32"));
    assert.ok(!isProblem(checked));
    assert.deepEqual(dataOf(checked), Float32Array.of(1, 2));
  });

  test("leave out what is none of them by its wire type, though it has as many bytes", () => {
    const piece = (value: number): Buffer => codec.encode("InferTensorContents", { fp32_contents: [value] });
    const number = Buffer.from([0x30, 0x80, 0x80, 0x80, 0x01]);
    const contents = lengthDelimited(5, Buffer.concat([piece(1), number, number, piece(2)]));
    const head = codec.encode("InferInputTensor", { name: "x", datatype: "FP32", shape: [2] });
    const request = readInferRequest(lengthDelimited(5, Buffer.concat([head, contents])));
    assert.ok(!isProblem(request));
    const checked = checkInferRequest(request, modelOf("FP32"));
    assert.ok(!isProblem(checked));
    assert.deepEqual(dataOf(checked), Float32Array.of(1, 2));
  });
});
