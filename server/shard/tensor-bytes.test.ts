import assert from "node:assert/strict";
import { test } from "node:test";
import { tensorBytes } from "./tensor-bytes.ts";

test("tensors hold the bytes of their numbers, and more than those of their strings", () => {
  const numbers = { name: "y", datatype: "FP64", shape: [3], data: new Float64Array(3) } as const;
  const strings = { name: "s", datatype: "BYTES", shape: [2], data: ["", "abc"] } as const;
  assert.equal(tensorBytes([]), 0);
  assert.equal(tensorBytes([numbers, numbers]), 48);
  assert.equal(tensorBytes([numbers, { ...strings, data: [...strings.data] }]), 24 + 32 + 38);
});
