import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createHeapTrim } from "./heap-trim.ts";
import { createManualClock } from "./test-clock.ts";

const mebibyte = 1024 * 1024;

function createHeap() {
  const clock = createManualClock();
  const heap = { used: 30 * mebibyte, live: 25 * mebibyte, quiet: true, collections: 0 };
  const trim = createHeapTrim({
    clock,
    usedBytes: () => heap.used,
    collect: () => {
      heap.collections += 1;
      heap.used = heap.live;
    },
    isQuiet: () => heap.quiet,
  });
  return { clock, heap, trim };
}

describe("the heap of an operator that has done its work", () => {
  test("is collected once, and not again while nothing is done", async () => {
    const { clock, heap, trim } = createHeap();
    trim.start();
    await clock.advance(60_000);
    assert.equal(heap.collections, 1);
    assert.equal(heap.used, heap.live);
    trim.stop();
  });

  test("is collected again after more work, also when V8 has collected in between", async () => {
    const { clock, heap, trim } = createHeap();
    trim.start();
    await clock.advance(10_000);
    heap.used = heap.live = 10 * mebibyte;
    await clock.advance(10_000);
    assert.equal(heap.collections, 1);
    heap.used += 20 * mebibyte;
    await clock.advance(10_000);
    assert.equal(heap.collections, 2);
    trim.stop();
  });

  test("is left alone for the little that an idle hour leaves behind", async () => {
    const { clock, heap, trim } = createHeap();
    trim.start();
    await clock.advance(10_000);
    heap.used += 5 * mebibyte;
    await clock.advance(3_600_000);
    assert.equal(heap.collections, 1);
    trim.stop();
  });

  test("waits while models wait", async () => {
    const { clock, heap, trim } = createHeap();
    heap.quiet = false;
    trim.start();
    await clock.advance(60_000);
    assert.equal(heap.collections, 0);
    heap.quiet = true;
    await clock.advance(5_000);
    assert.equal(heap.collections, 1);
    trim.stop();
  });

  test("leaves no timer behind", async () => {
    const { clock, trim } = createHeap();
    trim.start();
    trim.start();
    await clock.advance(12_000);
    assert.equal(clock.pending(), 1);
    trim.stop();
    assert.equal(clock.pending(), 0);
  });
});
