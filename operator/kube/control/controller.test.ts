import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Controller,
  type ControllerOptions,
  type Result,
  createController,
  drainMs,
  reconcileTimeoutMs,
} from "./controller.ts";
import { ApiError, LostLeaseError } from "../transport/errors.ts";
import { createMetrics } from "../metrics.ts";
import { createQueue } from "./queue.ts";
import { createManualClock } from "../test-clock.ts";
import { createMemoryLog } from "../test-log.ts";

const done: Result = { kind: "done" };

function setUp(reconcile: ControllerOptions["reconcile"], more: Partial<ControllerOptions> = {}) {
  const clock = createManualClock();
  const metrics = createMetrics();
  const log = createMemoryLog();
  const queue = createQueue({ clock, random: () => 0, metrics: metrics.queue("q") });
  const controller: Controller = createController({
    name: "c",
    queue,
    reconcile,
    caches: [],
    workers: 2,
    clock,
    log,
    metrics,
    ...more,
  });
  return { clock, metrics, log, queue, controller };
}

const byAbort = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error));
  });

test("no key is worked on before every cache is synced", async () => {
  const synced = Promise.withResolvers<void>();
  const keys: string[] = [];
  const { controller, queue, clock } = setUp((key) => Promise.resolve((keys.push(key), done)), {
    caches: [{ whenSynced: () => Promise.resolve() }, { whenSynced: () => synced.promise }],
  });
  queue.add("a");
  controller.start();
  await clock.advance(1_000);
  assert.deepEqual(keys, []);
  synced.resolve();
  await clock.advance(0);
  assert.deepEqual(keys, ["a"]);
  await controller.stop();
});

test("different keys are worked on side by side, one key never with itself", async () => {
  const running = new Map<string, () => void>();
  let most = 0;
  const { controller, queue, clock } = setUp((key) => {
    assert.ok(!running.has(key));
    return new Promise((resolve) => {
      running.set(key, () => resolve(done));
      most = Math.max(most, running.size);
    });
  });
  for (const key of ["a", "b", "c"]) queue.add(key);
  controller.start();
  await clock.advance(0);
  queue.add("a");
  await clock.advance(0);
  assert.deepEqual([...running.keys()], ["a", "b"]);
  while (running.size > 0) {
    for (const [key, finish] of running) {
      running.delete(key);
      finish();
    }
    await clock.advance(0);
  }
  assert.equal(most, 2);
  await controller.stop();
});

const rows: readonly (readonly [name: string, outcome: Result | Error, again: number | undefined, counted: string])[] =
  [
    ["done", done, undefined, "success"],
    ["after 2,500 ms", { kind: "after", ms: 2_500 }, 2_500, "requeue_after"],
    ["an unknown error", new Error("m"), 5, "error"],
    [
      "429 with Retry-After",
      new ApiError({ status: 429, reason: "R", message: "m", retryAfterSeconds: 3 }),
      3_000,
      "error",
    ],
    ["an invalid object", new ApiError({ status: 422, reason: "Invalid", message: "m" }), 300_000, "stalled"],
    ["a lost lease", new LostLeaseError(), 2_000, "error"],
  ];
for (const [name, outcome, again, counted] of rows) {
  test(`${name}: looked at again after ${again ?? "no"} ms, counted as ${counted}`, async () => {
    const at: number[] = [];
    const { controller, queue, clock, metrics } = setUp(() => {
      at.push(clock.monotonic());
      return outcome instanceof Error ? Promise.reject(outcome) : Promise.resolve(outcome);
    });
    queue.add("a");
    controller.start();
    await clock.advance((again ?? 400_000) - 1);
    assert.deepEqual(at, [0]);
    const text = await metrics.registry.metrics();
    assert.ok(text.includes(`controller_runtime_reconcile_total{controller="c",result="${counted}"} 1`), text);
    await clock.advance(1);
    assert.deepEqual(at, again === undefined ? [0] : [0, again]);
    await controller.stop();
  });
}

test("errors of one key grow its backoff; a success takes it back", async () => {
  const at: number[] = [];
  let failing = true;
  const { controller, queue, clock } = setUp(() => {
    at.push(clock.monotonic());
    return failing ? Promise.reject(new Error("m")) : Promise.resolve(done);
  });
  queue.add("a");
  controller.start();
  await clock.advance(40);
  assert.deepEqual(at, [0, 5, 15, 35]);
  failing = false;
  await clock.advance(100);
  failing = true;
  queue.add("a");
  await clock.advance(5);
  assert.deepEqual(at.slice(-2), [140, 145]);
  await controller.stop();
});

test("a pass over the time limit is aborted and tried again", async () => {
  let aborted = 0;
  const { controller, queue, clock } = setUp(async (_key, signal) => {
    if (aborted > 0) return done;
    return await byAbort(signal).catch((error: unknown) => {
      aborted += 1;
      throw error;
    });
  });
  queue.add("a");
  controller.start();
  await clock.advance(reconcileTimeoutMs);
  assert.equal(aborted, 1);
  await clock.advance(5);
  await controller.stop();
  assert.equal(clock.pending(), 0);
});

test("stop waits for a pass that ends in time", async () => {
  const { controller, queue, clock } = setUp(
    () =>
      new Promise((resolve) => {
        clock.setTimeout(() => resolve(done), drainMs - 1);
      }),
  );
  queue.add("a");
  controller.start();
  await clock.advance(0);
  const stopped = controller.stop();
  await clock.advance(drainMs);
  await stopped;
  assert.equal(queue.depth(), 0);
  assert.equal(clock.pending(), 0);
});

test("stop aborts a pass that does not, and its key is the first of the next start", async () => {
  let passes = 0;
  const { controller, queue, clock, log } = setUp((_key, signal) =>
    passes++ === 0 ? byAbort(signal) : Promise.resolve(done),
  );
  queue.add("a", "user");
  controller.start();
  await clock.advance(0);
  const stopped = controller.stop();
  await clock.advance(drainMs);
  await stopped;
  assert.equal(queue.depth(), 1);
  assert.deepEqual(log.lines, []);
  controller.start();
  await clock.advance(0);
  assert.equal(passes, 2);
  await controller.stop();
});

test("an error handler that throws does not cost the worker", async () => {
  let passes = 0;
  const { controller, queue, clock, log } = setUp(
    () => {
      passes += 1;
      return Promise.reject(new Error("m"));
    },
    {
      workers: 1,
      onError: () => {
        throw new Error("broken handler");
      },
    },
  );
  queue.add("a");
  controller.start();
  await clock.advance(15);
  assert.equal(passes, 3);
  assert.ok(log.lines.some(({ level }) => level === "error"));
  await controller.stop();
});
