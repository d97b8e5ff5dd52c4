import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turnOfTheLoop } from "node:timers/promises";
import { createTurn } from "./turn.ts";

test("one at a time, in the order of asking, and an end that is said twice ends nobody else's", async () => {
  const turn = createTurn();
  const begun: string[] = [];
  const ask = async (name: string): Promise<() => void> => {
    const end = await turn.take();
    begun.push(name);
    return end;
  };
  const asked = ["a", "b", "c"].map(ask);
  const endOfFirst = await asked[0];
  await turnOfTheLoop();
  assert.deepEqual(begun, ["a"]);
  endOfFirst?.();
  endOfFirst?.();
  await turnOfTheLoop();
  assert.deepEqual(begun, ["a", "b"]);
  (await asked[1])?.();
  (await asked[2])?.();
  await ask("d");
  assert.deepEqual(begun, ["a", "b", "c", "d"]);
});
