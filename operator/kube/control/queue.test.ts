import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { QueueMetrics } from "../metrics.ts";
import { type Priority, type Queue, createQueue } from "./queue.ts";
import { createManualClock, type ManualClock } from "../test-clock.ts";

const silent: QueueMetrics = {
  depth: () => {},
  added: () => {},
  retried: () => {},
  waited: () => {},
  worked: () => {},
};

function setUp(): { readonly queue: Queue; readonly clock: ManualClock } {
  const clock = createManualClock();
  return { clock, queue: createQueue({ clock, random: () => 0, metrics: silent }) };
}

const never = new AbortController().signal;

async function drain(queue: Queue): Promise<string[]> {
  const keys: string[] = [];
  while (queue.depth() > 0) {
    const taken = await queue.take(never);
    if (taken === undefined) break;
    keys.push(taken.key);
    queue.done(taken.key);
  }
  return keys;
}

test("a key added many times while it waits is worked on once", async () => {
  const { queue } = setUp();
  for (const key of ["a", "b", "a", "a", "b"]) queue.add(key);
  assert.deepEqual(await drain(queue), ["a", "b"]);
});

test("a key added while it is worked on comes once more, and only after done", async () => {
  const { queue } = setUp();
  queue.add("a");
  await queue.take(never);
  queue.add("a");
  queue.add("a");
  assert.equal(queue.depth(), 0);
  queue.done("a");
  assert.deepEqual(await drain(queue), ["a"]);
});

test("user keys come first, a waiting key is lifted, and one resync key passes for every ten", async () => {
  const { queue } = setUp();
  queue.add("r1");
  queue.add("lifted");
  for (let index = 0; index < 12; index++) queue.add(`u${index}`, "user");
  queue.add("lifted", "user");
  queue.add("lifted", "resync");
  assert.deepEqual(await drain(queue), [
    "u0",
    "u1",
    "u2",
    "u3",
    "u4",
    "u5",
    "u6",
    "u7",
    "u8",
    "u9",
    "r1",
    "u10",
    "u11",
    "lifted",
  ]);
});

test("edits come before what is new, and both before the rest, of which one passes for every ten", async () => {
  const { queue } = setUp();
  queue.add("r");
  for (let index = 0; index < 25; index++) queue.add(`n${index}`, "new");
  queue.add("u", "user");
  queue.add("n24", "user");
  const order = await drain(queue);
  assert.deepEqual(order.slice(0, 2), ["u", "n24"]);
  assert.equal(order.indexOf("r"), 10);
  assert.deepEqual(order.at(-1), "n23");
});

test("a taker that waits gets the key at once; one that gave up gets nothing and loses nothing", async () => {
  const { queue } = setUp();
  const gaveUp = new AbortController();
  const first = queue.take(gaveUp.signal);
  const second = queue.take(never);
  gaveUp.abort();
  queue.add("a", "user");
  assert.equal(await first, undefined);
  assert.deepEqual(await second, { key: "a", priority: "user" });
});

test("of several delays the earliest counts, and taking the key drops the others", async () => {
  const { queue, clock } = setUp();
  queue.addAfter("a", 1_000);
  queue.addAfter("a", 100, "user");
  queue.addAfter("a", 5_000);
  await clock.advance(99);
  assert.equal(queue.depth(), 0);
  await clock.advance(1);
  assert.deepEqual(await queue.take(never), { key: "a", priority: "user" });
  queue.done("a");
  assert.equal(clock.pending(), 0);

  queue.addAfter("b", 1_000);
  queue.add("b");
  await drain(queue);
  assert.equal(clock.pending(), 0, "the pass that was just made decides about the next");
});

test("a delay asked for during the work survives it", async () => {
  const { queue, clock } = setUp();
  queue.add("a");
  await queue.take(never);
  queue.addAfter("a", 50);
  queue.done("a");
  await clock.advance(50);
  assert.deepEqual(await drain(queue), ["a"]);
});

test("backoff doubles from 5 ms to a minute and starts again after forget", async () => {
  const { queue, clock } = setUp();
  const waits: number[] = [];
  for (let failure = 0; failure < 16; failure++) {
    queue.addWithBackoff("a");
    const before = clock.monotonic();
    while (queue.depth() === 0) await clock.advance(5);
    waits.push(clock.monotonic() - before);
    await drain(queue);
  }
  assert.deepEqual(waits.slice(0, 5), [5, 10, 20, 40, 80]);
  assert.deepEqual(waits.slice(-2), [60_000, 60_000]);
  queue.forget("a");
  queue.addWithBackoff("a");
  await clock.advance(5);
  assert.deepEqual(await drain(queue), ["a"]);
});

test("when all keys fail together the retries are spread by the common bucket", async () => {
  const { queue, clock } = setUp();
  for (let index = 0; index < 300; index++) queue.addWithBackoff(`k${index}`);
  await clock.advance(5);
  assert.equal((await drain(queue)).length, 200);
  await clock.advance(995);
  assert.equal((await drain(queue)).length, 50);
  await clock.advance(1_000);
  assert.equal((await drain(queue)).length, 50);
});

test("clear leaves no key and no timer", async () => {
  const { queue, clock } = setUp();
  queue.add("a");
  queue.addAfter("b", 10);
  queue.addWithBackoff("c");
  queue.add("d");
  const taken = await queue.take(never);
  queue.add(taken?.key ?? "");
  queue.clear();
  queue.done(taken?.key ?? "");
  assert.equal(queue.depth(), 0);
  assert.equal(clock.pending(), 0);
});

test("law: no key is with two workers, none added is lost, whatever the order of events", async () => {
  const key = fc.constantFrom("a", "b", "c");
  const step = fc.oneof(
    fc.record({ kind: fc.constant("add" as const), key, priority: fc.constantFrom<Priority>("user", "new", "resync") }),
    fc.record({ kind: fc.constant("after" as const), key, ms: fc.integer({ min: 1, max: 50 }) }),
    fc.record({ kind: fc.constant("fail" as const), key }),
    fc.record({ kind: fc.constant("take" as const) }),
    fc.record({ kind: fc.constant("done" as const), key }),
    fc.record({ kind: fc.constant("advance" as const), ms: fc.integer({ min: 1, max: 50 }) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { queue, clock } = setUp();
      const held = new Set<string>();
      const owed = new Set<string>(); // added since it was last taken
      const take = async (): Promise<void> => {
        const taken = queue.depth() === 0 ? undefined : await queue.take(never);
        if (taken === undefined) return;
        assert.ok(!held.has(taken.key), `${taken.key} is with two workers`);
        held.add(taken.key);
        owed.delete(taken.key);
      };
      for (const each of steps) {
        if (each.kind === "add") queue.add(each.key, each.priority);
        if (each.kind === "after") queue.addAfter(each.key, each.ms);
        if (each.kind === "fail") queue.addWithBackoff(each.key);
        if (each.kind === "add" || each.kind === "after" || each.kind === "fail") owed.add(each.key);
        if (each.kind === "advance") await clock.advance(each.ms);
        if (each.kind === "take") await take();
        if (each.kind === "done" && held.delete(each.key)) queue.done(each.key);
      }
      for (const each of held) queue.done(each);
      held.clear();
      await clock.advance(120_000);
      while (queue.depth() > 0) {
        await take();
        for (const each of held) queue.done(each);
        held.clear();
      }
      assert.deepEqual([...owed], []);
      assert.equal(clock.pending(), 0);
    }),
    { numRuns: 200 },
  );
});
