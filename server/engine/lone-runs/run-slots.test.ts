import assert from "node:assert/strict";
import { closeSync } from "node:fs";
import { after, test } from "node:test";
import { openNamelessFile } from "../../supervisor/shards/nameless-file.ts";
import { clearRunSlot, runSlotAt, runSlotsBytes } from "./run-slots.ts";

const slots = 3;
const descriptor = openNamelessFile("/tmp", runSlotsBytes(slots)) ?? assert.fail("no folder to write to");
after(() => closeSync(descriptor));
let time = 1000;
const at = (slot: number) => runSlotAt({ descriptor, slot, slots }, () => time);

test("a run is alone while nobody else runs, and for others when it has been over for a while", () => {
  const [one, other] = [at(0), at(1)];
  assert.ok(one.isAlone(5));
  one.begin();
  assert.ok(one.isAlone(5), "its own run is none beside it");
  assert.ok(!other.isAlone(5));
  one.end();
  time += 4;
  assert.ok(!other.isAlone(5));
  time += 1;
  assert.ok(other.isAlone(5));
});

test("one that ended inside a run is alone no more when its slot is cleared", () => {
  at(2).begin();
  time += 1e6;
  assert.ok(!at(0).isAlone(5));
  clearRunSlot(descriptor, 2);
  assert.ok(at(0).isAlone(5));
});
