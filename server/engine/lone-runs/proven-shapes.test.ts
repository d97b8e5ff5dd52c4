import assert from "node:assert/strict";
import { test } from "node:test";
import type { Tensor } from "../../tensor.ts";
import { createProvenShapes } from "./proven-shapes.ts";

function inputs(...shapes: readonly (readonly number[])[]): readonly Tensor[] {
  return shapes.map((shape, index) => ({ name: `x${index}`, datatype: "FP32", shape, data: new Float32Array(0) }));
}

test("each shape by itself, with as many runs as it takes", () => {
  const shapes = createProvenShapes(2);
  shapes.add(inputs([1, 23]));
  assert.ok(shapes.isOpen(inputs([1, 23])) && !shapes.isProven(inputs([1, 23])));
  shapes.add(inputs([1, 23]));
  assert.ok(!shapes.isOpen(inputs([1, 23])) && shapes.isProven(inputs([1, 23])));
  for (const other of [inputs([12, 3]), inputs([1, 2, 3]), inputs([1], [23]), inputs([1, 23], []), inputs()]) {
    assert.ok(!shapes.isProven(other) && shapes.isOpen(other));
  }
});

test("of many shapes the first are tried", () => {
  const shapes = createProvenShapes(2);
  for (let size = 0; size < 100; size++) shapes.add(inputs([size]));
  assert.ok(shapes.isOpen(inputs([63])));
  assert.ok(!shapes.isOpen(inputs([64])));
  for (let run = 0; run < 3; run++) shapes.add(inputs([64]));
  assert.ok(!shapes.isProven(inputs([64])));
});
