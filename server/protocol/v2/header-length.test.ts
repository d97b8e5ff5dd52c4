import assert from "node:assert/strict";
import { test } from "node:test";
import { isProblem } from "../../errors.ts";
import { bytesBeforeBody, readHeaderLength } from "./header-length.ts";

test("the first tensor behind the JSON lies aligned, and a header that says nothing moves nothing", () => {
  for (const length of [0, 1, 15, 16, 17, 300]) {
    assert.equal((bytesBeforeBody(String(length)) + length) % 16, 0);
    assert.ok(bytesBeforeBody(String(length)) < 16);
  }
  for (const value of [undefined, "", "x", "1e3", "-1", "1.5", "9".repeat(15), "9".repeat(16)]) {
    const bytes = bytesBeforeBody(value);
    assert.ok(Number.isInteger(bytes) && bytes >= 0 && bytes < 16, String(value));
  }
});

test("the header is a number of bytes that the body has", () => {
  assert.equal(readHeaderLength(undefined, 10), undefined);
  assert.equal(readHeaderLength("0", 10), 0);
  assert.equal(readHeaderLength("10", 10), 10);
  for (const value of ["11", "-1", "1.5", "", " 5", "0x5", "5, 5", "1e1", "9".repeat(30)]) {
    const read = readHeaderLength(value, 10);
    assert.ok(isProblem(read) && read.code === "BadHeaderLength", value);
  }
});
