import assert from "node:assert/strict";
import { test } from "node:test";
import type { Tensor } from "../tensor.ts";
import { areSameBits } from "./are-same-bits.ts";

const one: Tensor = { name: "y", datatype: "FP32", shape: [2], data: Float32Array.of(1, NaN) };
const text: Tensor = { name: "t", datatype: "BYTES", shape: [1], data: ["a"] };

test("alike", () => {
  const offset = new Float32Array(Float32Array.of(0, 1, NaN).buffer, 4);
  assert.ok(
    areSameBits(
      [one, text],
      [
        { ...one, data: offset },
        { ...text, data: ["a"] },
      ],
    ),
  );
});

for (const [what, other] of [
  ["another bit", { ...one, data: Float32Array.of(1, 1 + 2 ** -23) }],
  ["a zero of another sign", { ...one, data: Float32Array.of(-0, NaN) }],
  ["another shape", { ...one, shape: [1, 2] }],
  ["another size", { ...one, shape: [1] }],
  ["another name", { ...one, name: "z" }],
  ["another datatype", { ...one, datatype: "INT32", data: Int32Array.of(1, 2) }],
  ["a text", { ...one, data: ["1", "NaN"] }],
] satisfies readonly (readonly [string, Tensor])[]) {
  test(`not ${what}`, () => {
    const zero: Tensor = { ...one, data: Float32Array.of(0, NaN) };
    assert.ok(!areSameBits([what.startsWith("a zero") ? zero : one], [other]));
  });
}

test("not another text, or one output less", () => {
  assert.ok(!areSameBits([text], [{ ...text, data: ["b"] }]));
  assert.ok(!areSameBits([one, text], [one]));
});
