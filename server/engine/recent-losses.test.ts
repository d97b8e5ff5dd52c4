import assert from "node:assert/strict";
import { test } from "node:test";
import { createRecentLosses } from "./recent-losses.ts";

const minute = 60_000;

test("the sixth within ten minutes is one too many, and what is older counts no more", () => {
  const losses = createRecentLosses();
  for (let count = 1; count <= 5; count++) assert.deepEqual(losses.add(count * minute), { count, isTooMany: false });
  assert.deepEqual(losses.add(11 * minute), { count: 6, isTooMany: true });
  assert.deepEqual(losses.add(12.5 * minute), { count: 5, isTooMany: false });
});
