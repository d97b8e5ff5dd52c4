import assert from "node:assert/strict";
import { test } from "node:test";
import { mebibytes, wholeBytes } from "./quantity.ts";

test("bytes are rounded down, MiB up", () => {
  assert.equal(wholeBytes("1.5k"), 1500);
  assert.equal(wholeBytes("1.0001k"), 1000);
  assert.equal(wholeBytes(1_000_000), 1_000_000);
  assert.equal(mebibytes("16Gi"), 16_384);
  assert.equal(mebibytes(1), 1);
});

test("what is more than an integer can hold is as much as one can, and written in digits", () => {
  assert.equal(String(wholeBytes("9999999999999Ti")), "9007199254740991");
  assert.equal(String(mebibytes("9999999999999Ti")), "9007199254740991");
});
