import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isProblem } from "./errors.ts";
import { checkShape, elementCount, readShape, type TensorSpec } from "./tensor.ts";

describe("shapes", () => {
  const wrong: readonly (readonly [string, unknown])[] = [
    ["not an array", "1,2"],
    ["missing", undefined],
    ["a negative size", [-1, 4]],
    ["a fraction", [1.5]],
    ["a string", ["4"]],
    ["null", [null]],
    ["a size beyond 2^31", [2 ** 31]],
    ["a product beyond 2^31", [65_536, 65_536]],
    ["a product that overflows a double", Array.from({ length: 32 }, () => 2 ** 31 - 1)],
    ["an overflowing product hidden behind a zero", [0, 65_536, 65_536]],
    ["33 dimensions", Array.from({ length: 33 }, () => 1)],
  ];
  for (const [name, shape] of wrong) {
    test(`${name} is refused`, () => {
      const read = readShape("x", shape);
      assert.ok(isProblem(read));
      assert.equal(read.code, "BadShape");
    });
  }

  test("zero sizes and scalars are fine", () => {
    assert.deepEqual(readShape("x", [0, 4]), [0, 4]);
    assert.deepEqual(readShape("x", []), []);
    assert.equal(elementCount([0, 4]), 0);
    assert.equal(elementCount([]), 1);
  });

  test("a fixed size must be met, a free one takes any, the rank must be the same", () => {
    const spec: TensorSpec = { name: "x", datatype: "FP32", shape: [-1, 3] };
    assert.equal(checkShape(spec, [7, 3]), undefined);
    assert.equal(checkShape(spec, [0, 3]), undefined);
    assert.equal(checkShape(spec, [7, 4])?.code, "WrongShape");
    assert.equal(checkShape(spec, [3])?.code, "WrongShape");
    assert.match(checkShape(spec, [1, 7, 3])?.message ?? "", /\[1,7,3\].*\[-1,3\]/);
  });

  test("a model that says no shape leaves the decision to ONNX Runtime", () => {
    assert.equal(checkShape({ name: "x", datatype: "FP32", shape: [] }, [1, 2]), undefined);
  });
});
