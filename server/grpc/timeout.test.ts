import assert from "node:assert/strict";
import { test } from "node:test";
import { isProblem } from "../errors.ts";
import { readTimeout } from "./timeout.ts";

test("a timeout is read in each of its units", () => {
  const timeouts = ["2H", "3M", "4S", "5m", "6000u", "7000000n", "0S", "99999999S"].map(readTimeout);
  assert.deepEqual(timeouts, [7_200_000, 180_000, 4000, 5, 6, 7, 0, 99_999_999_000]);
});

test("anything else is refused by its value", () => {
  for (const value of ["", "1", "S", "123456789S", "-1S", "1.5S", "1s", "1 S", "1S ", "0x1S", "1constructor"]) {
    const timeout = readTimeout(value);
    assert.ok(isProblem(timeout), value);
    assert.ok(timeout.message.includes(JSON.stringify(value)));
  }
});
