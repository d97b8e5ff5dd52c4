import assert from "node:assert/strict";
import { test } from "node:test";
import type { Signature, Tensor, TensorSpec } from "../tensor.ts";
import { checkSizes } from "./check-sizes.ts";

const spec = (name: string, ...names: readonly string[]): TensorSpec => ({
  name,
  datatype: "FP32",
  shape: names.map(() => -1),
  dimensionNames: names,
});
const tensor = (name: string, ...shape: readonly number[]): Tensor => ({
  name,
  datatype: "FP32",
  shape,
  data: new Float32Array(),
});

const signature: Signature = {
  inputs: [spec("a", "batch", "length"), spec("b", "batch", ""), spec("c", "", "length")],
  outputs: [spec("d", "batch")],
};

test("sizes of one name are equal, whatever the others are", () => {
  assert.equal(checkSizes(signature, [tensor("a", 2, 3), tensor("b", 2, 7), tensor("c", 9, 3)]), undefined);
  assert.equal(checkSizes(signature, [tensor("b", 2, 7), tensor("c", 9, 3)]), undefined, "an input is left out");
});

test("where they are not, both places are named", () => {
  const problem = checkSizes(signature, [tensor("a", 2, 3), tensor("b", 3, 7), tensor("c", 9, 4)]);
  assert.equal(problem?.code, "SizesDisagree");
  assert.equal(problem.status, 400);
  assert.equal(
    problem.message,
    '"batch" is 2 in dimension 0 of input "a" and 3 in dimension 0 of input "b"; the model gives these dimensions one name, so they must be equal',
  );
  assert.match(
    checkSizes(signature, [tensor("c", 9, 4), tensor("b", 2, 2), tensor("a", 2, 3)])?.message ?? "",
    /^"length" is 4 in dimension 1 of input "c" and 3 in dimension 1 of input "a"/,
  );
});

test("within one input as well", () => {
  const square: Signature = { inputs: [spec("m", "n", "n")], outputs: [] };
  assert.equal(checkSizes(square, [tensor("m", 3, 3)]), undefined);
  assert.equal(checkSizes(square, [tensor("m", 3, 2)])?.code, "SizesDisagree");
});

test("a name that stands once, and a size without one, say nothing", () => {
  const free: Signature = { inputs: [spec("a", "n", ""), spec("b", "m", "")], outputs: [spec("y", "n")] };
  assert.equal(checkSizes(free, [tensor("a", 1, 2), tensor("b", 3, 4)]), undefined);
});
