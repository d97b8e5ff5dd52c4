import assert from "node:assert/strict";
import { test } from "node:test";
import { createRecent } from "./recent.ts";

test("what was not used for longest makes room; reading and writing are both use", () => {
  const recent = createRecent<number>(3);
  for (const [index, key] of ["a", "b", "c"].entries()) recent.set(key, index);
  recent.get("a");
  recent.set("b", 9);
  recent.set("d", 4);
  assert.deepEqual([...recent.entries()].map(([key]) => key).toSorted(), ["a", "b", "d"]);
  recent.delete("a");
  assert.equal(recent.get("a"), undefined);
});
