import assert from "node:assert/strict";
import { test } from "node:test";
import { createLineRate } from "./line-rate.ts";

test("ten lines in a second, and ten in the next", () => {
  let time = 500;
  const mayWrite = createLineRate(() => time);
  const written = (): number => Array.from({ length: 25 }, mayWrite).filter(Boolean).length;
  assert.equal(written(), 10);
  time = 999;
  assert.equal(mayWrite(), false);
  time = 1000;
  assert.equal(written(), 10);
});
