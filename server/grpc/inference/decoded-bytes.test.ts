import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { inferenceCodec as codec, modelOf } from "../../../test/fixtures/infer-request.ts";
import type { ProtoObject } from "../../../test/fixtures/proto-message.ts";
import { isProblem } from "../../errors.ts";
import type { Datatype } from "../../tensor.ts";
import { checkInferRequest } from "./infer-request.ts";
import { readInferRequest } from "./infer-request-message.ts";
import { decodedBytes } from "./decoded-bytes.ts";

interface Counted {
  /** What is said before. */
  readonly counted: number;
  /** Memory of the tensor apart from the message's. */
  readonly taken: number;
}

function count(request: ProtoObject, datatype: Datatype): Counted {
  const message = codec.encode("ModelInferRequest", request);
  const read = readInferRequest(message);
  assert.ok(!isProblem(read));
  const counted = decodedBytes(read, modelOf(datatype));
  const checked = checkInferRequest(read, modelOf(datatype));
  assert.ok(!isProblem(checked), isProblem(checked) ? checked.message : "");
  const [{ data } = assert.fail()] = checked.inputs;
  if (Array.isArray(data)) {
    // V8: a place in the array; 12 bytes of a header and the text, in steps of eight.
    const texts = data.map((text) => 8 + (text === "" ? 0 : 20 + text.length * (isWide.test(text) ? 2 : 1)));
    return { counted, taken: texts.reduce((total, bytes) => total + bytes, 0) };
  }
  return { counted, taken: data.buffer === message.buffer ? 0 : data.byteLength };
}

/** What V8 keeps in two bytes a character. */
const isWide = /[^\0-\xff]/;

test("one wide character makes a long text of narrow ones wide", () => {
  const text = Buffer.from(`${"x".repeat(1000)}\u20ac`);
  const input = { name: "x", datatype: "BYTES", shape: [1] };
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  for (const more of [
    { inputs: [{ ...input, contents: { bytes_contents: [text] } }] },
    { inputs: [input], raw_input_contents: [Buffer.concat([length, text])] },
  ]) {
    const { counted, taken } = count(more, "BYTES");
    assert.ok(taken <= counted, `${taken} of ${counted}`);
  }
});

const typed: readonly (readonly [Datatype, string, fc.Arbitrary<unknown>])[] = [
  ["BOOL", "bool_contents", fc.boolean()],
  ["INT8", "int_contents", fc.integer({ min: -128, max: 127 })],
  ["UINT16", "uint_contents", fc.integer({ min: 0, max: 65_535 })],
  ["INT64", "int64_contents", fc.bigInt({ min: -9n, max: 200n })],
  ["UINT64", "uint64_contents", fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })],
  ["FP32", "fp32_contents", fc.constantFrom(0, 1, -2.5)],
  ["FP64", "fp64_contents", fc.double({ noNaN: true })],
  ["BYTES", "bytes_contents", fc.string({ maxLength: 9 }).map((text) => Buffer.from(text.replaceAll("\0", "")))],
];

for (const [datatype, field, value] of typed) {
  test(`typed ${datatype} takes no more than is said before`, () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 300 }), (values) => {
        const input = { name: "x", datatype, shape: [values.length], contents: { [field]: values } } as ProtoObject;
        const { counted, taken } = count({ inputs: [input] }, datatype);
        assert.ok(taken <= counted, `${taken} of ${counted}`);
      }),
    );
  });
}

test("raw tensors take no more than is said before, and nothing where they lie aligned", () => {
  for (const length of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]) {
    const raw = { model_name: "m".repeat(length), raw_input_contents: [Buffer.alloc(200_000)] };
    const { counted, taken } = count({ ...raw, inputs: [{ name: "x", datatype: "FP32", shape: [50_000] }] }, "FP32");
    assert.equal(counted, taken);
  }
  const texts = Buffer.concat(Array.from({ length: 500 }, () => Buffer.from([1, 0, 0, 0, 97])));
  const input = { name: "x", datatype: "BYTES", shape: [500] };
  const { counted, taken } = count({ inputs: [input], raw_input_contents: [texts] }, "BYTES");
  assert.ok(taken <= counted, `${taken} of ${counted}`);
});

test("a shape that claims more than was sent reserves no more than what was sent can be", () => {
  for (const datatype of ["INT64", "BYTES"] as const) {
    const input = { name: "x", datatype, shape: [2_000_000_000], contents: { bytes_contents: [] } };
    const read = readInferRequest(codec.encode("ModelInferRequest", { inputs: [input] }));
    assert.ok(!isProblem(read));
    assert.ok(decodedBytes(read, modelOf(datatype)) < 100);
  }
});

test("what the model does not take counts for nothing", () => {
  const input = { name: "other", datatype: "FP32", shape: [1] };
  const read = readInferRequest(codec.encode("ModelInferRequest", { inputs: [input, { ...input, shape: [-1] }] }));
  assert.ok(!isProblem(read));
  assert.equal(decodedBytes(read, modelOf("FP32")), 0);
});
