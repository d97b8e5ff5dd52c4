import assert from "node:assert/strict";
import { test } from "node:test";
import type { Datatype } from "../tensor.ts";
import { decodedBytesPerByte } from "./decoded-bytes.ts";

test("what a byte of JSON can become goes by the largest element that the model takes", () => {
  const of = (...datatypes: readonly Datatype[]): number =>
    decodedBytesPerByte({
      inputs: datatypes.map((datatype) => ({ name: "x", datatype, shape: [-1] })),
      outputs: [],
    });
  assert.equal(of("UINT8"), 1);
  assert.equal(of("FP32"), 4);
  assert.equal(of("UINT8", "FP64", "FP32"), 8);
  assert.ok(of("BYTES", "FP64") > 40);
  assert.equal(of(), 0);
});
