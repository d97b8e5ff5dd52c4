import assert from "node:assert/strict";
import { test } from "node:test";
import { failure } from "./failure.ts";
import { defaultLimits, type FetchLimits } from "./limits.ts";
import { type RetryOptions, withRetries } from "./retry.ts";

const limits: FetchLimits = { ...defaultLimits, retryDelaysMilliseconds: [1, 2, 3], longestRetryAfterMilliseconds: 5 };

function options(more: Partial<RetryOptions> = {}): RetryOptions & { readonly waits: number[] } {
  const waits: number[] = [];
  return {
    limits,
    signal: new AbortController().signal,
    now: () => 0,
    fruitlessSince: () => undefined,
    onRetry: (_failure, delay) => void waits.push(delay),
    waits,
    ...more,
  };
}

test("what may pass is tried again, with the waits in their order", async () => {
  const given = options();
  let attempts = 0;
  const result = await withRetries(async () => {
    attempts += 1;
    if (attempts < 3) throw failure("SourceUnavailable", "away", {});
    return "there";
  }, given);
  assert.equal(result, "there");
  assert.deepEqual(given.waits, [1, 2]);
});

test("the last failure is told when the waits are used up", async () => {
  const given = options();
  await assert.rejects(withRetries(silent, given), { name: "TimedOut" });
  assert.deepEqual(given.waits, [1, 2, 3]);
});

test("what is final is not tried again", async () => {
  for (const final of [failure("NotFound", "no"), new TypeError("a mistake of ours")]) {
    const given = options();
    await assert.rejects(
      withRetries(() => Promise.reject(final), given),
      final,
    );
    assert.deepEqual(given.waits, []);
  }
});

test("progress starts the row anew", async () => {
  let attempts = 0;
  const given = options({ progressed: () => attempts <= 5 });
  const attempt = (): Promise<never> => {
    attempts += 1;
    return Promise.reject(failure("SourceUnavailable", "cut", {}));
  };
  await assert.rejects(withRetries(attempt, given), { name: "SourceUnavailable" });
  assert.deepEqual(given.waits, [1, 1, 1, 1, 1, 2, 3]);
});

test("a longer wait that is asked for is kept, up to a bound", async () => {
  for (const [asked, waited] of [
    [0, 1],
    [4, 4],
    [1_000_000, 5],
  ] as const) {
    const given = options({ limits: { ...limits, retryDelaysMilliseconds: [1] } });
    const busy = (): Promise<never> =>
      Promise.reject(failure("SourceUnavailable", "busy", { afterMilliseconds: asked }));
    await assert.rejects(withRetries(busy, given));
    assert.deepEqual(given.waits, [waited]);
  }
});

test("a stop ends the wait", async () => {
  const stop = new AbortController();
  const given = options({
    limits: { ...limits, retryDelaysMilliseconds: [600_000] },
    signal: stop.signal,
    onRetry: () => stop.abort(),
  });
  await assert.rejects(
    withRetries(() => Promise.reject(failure("SourceUnavailable", "cut", {})), given),
    { name: "AbortError" },
  );
});

function silent(): Promise<never> {
  return Promise.reject(failure("TimedOut", "silent", {}));
}

/** A clock that stands at 1000 and goes on by so much with every attempt. */
function slowly(milliseconds: number): { readonly now: () => number; readonly pass: () => void } {
  let at = 1000;
  return { now: () => at, pass: () => void (at += milliseconds) };
}

test("what has brought nothing for too long ends, so that it can be told", async () => {
  const clock = slowly(15);
  const given = options({
    limits: { ...limits, fruitlessMilliseconds: 20 },
    now: clock.now,
    fruitlessSince: () => 1000,
  });
  let attempts = 0;
  await assert.rejects(
    withRetries(() => {
      attempts += 1;
      clock.pass();
      return silent();
    }, given),
    { name: "TimedOut" },
  );
  assert.equal(attempts, 2, "the second one began after 16 of 20 ms");
});

test("the time that has brought nothing is counted from the start of the fetch", async () => {
  const given = options({
    limits: { ...limits, fruitlessMilliseconds: 20 },
    now: () => 1020,
    fruitlessSince: () => 1000,
  });
  await assert.rejects(withRetries(silent, given), { name: "TimedOut" });
  assert.deepEqual(given.waits, []);
});

test("a wait that is asked for may take longer, and is cut where status has to be told", async () => {
  for (const [asked, passed, waits] of [
    [25, 0, [25]],
    [60_000, 0, [30]],
    [60_000, 21, [9]],
    // Nothing is left of it, or less than the usual wait.
    [60_000, 30, []],
    [60_000, 29.5, []],
    // What is asked for is no more than the usual wait: the usual time counts.
    [1, 19, [1]],
    [1, 20, []],
  ] as const) {
    const given = options({
      limits: {
        ...defaultLimits,
        retryDelaysMilliseconds: [1],
        fruitlessMilliseconds: 20,
        fruitlessWaitMilliseconds: 30,
      },
      now: () => 1000 + passed,
      fruitlessSince: () => 1000,
    });
    const busy = (): Promise<never> =>
      Promise.reject(failure("SourceUnavailable", "busy", { afterMilliseconds: asked }));
    await assert.rejects(withRetries(busy, given), { name: "SourceUnavailable" });
    assert.deepEqual(given.waits, waits, `${asked} asked for after ${passed}`);
  }
});

test("what has begun to come is tried on for as long as there are waits", async () => {
  const clock = slowly(1000);
  const given = options({ limits: { ...limits, fruitlessMilliseconds: 20 }, now: clock.now });
  await assert.rejects(
    withRetries(() => {
      clock.pass();
      return silent();
    }, given),
    { name: "TimedOut" },
  );
  assert.deepEqual(given.waits, [1, 2, 3]);
});
