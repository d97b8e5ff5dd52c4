import assert from "node:assert/strict";
import { test } from "node:test";
import { createSlotAllocation } from "./slot-allocation.ts";

test("each shard has a slot of its own, and those that end leave theirs", () => {
  const slots = createSlotAllocation(2, ["/tmp"]) ?? assert.fail("no folder to write to");
  // Two, and the five that may have been lost within ten minutes: the sixth ends the pod.
  const taken = Array.from({ length: 7 }, () => slots.take());
  assert.deepEqual(
    taken.map((place) => place?.slot),
    [0, 1, 2, 3, 4, 5, 6],
  );
  assert.equal(slots.take(), undefined);
  if (taken[1] !== undefined) slots.free(taken[1]);
  assert.equal(slots.take()?.slot, 1);
});

test("none where no folder can be written", () => {
  assert.equal(createSlotAllocation(2, ["/nowhere"]), undefined);
});
