import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { beginPace, checkPace, type PaceFailure, sendMilliseconds } from "./pace.ts";

const limits = { bodySeconds: 60, paceSeconds: 5, paceBytesPerSecond: 1000 };

/** What became of a body of which so many bytes were there at the end of each second. */
function outcome(
  declared: number,
  received: (second: number) => number,
  seconds: number,
): [PaceFailure, number] | "kept" {
  const pace = beginPace(0, 0);
  for (let second = 1; second <= seconds; second += 1) {
    const failure = checkPace(pace, declared, received(second), second * 1000, limits);
    if (failure !== undefined) return [failure, second];
  }
  return "kept";
}

describe("the pace of a body", () => {
  test("a small one may take the whole time, and no longer", () => {
    assert.deepEqual(
      outcome(5000, () => 1, 100),
      ["late", 61],
    );
  });

  test("a larger one that stops is found after one window, however fast it was before", () => {
    assert.deepEqual(
      outcome(5001, () => 0, 100),
      ["slow", 6],
    );
    assert.deepEqual(
      outcome(1e9, (second) => Math.min(second, 20) * 1e6, 100),
      ["slow", 30],
    );
  });

  test("at the rate it is never refused, below it always", () => {
    assert.equal(
      outcome(1e9, (second) => second * 1000, 10_000),
      "kept",
    );
    assert.deepEqual(
      outcome(1e9, (second) => second * 800, 10_000),
      ["slow", 6],
    );
  });

  test("one whose length is unknown is small until it is not", () => {
    assert.deepEqual(
      outcome(-1, () => 4000, 100),
      ["late", 61],
    );
    assert.deepEqual(
      outcome(-1, (second) => (second < 30 ? 100 : 6000), 100),
      ["slow", 36],
    );
  });

  test("an answer may take a window and the time of its bytes", () => {
    assert.equal(sendMilliseconds(0, limits), 5000);
    assert.equal(sendMilliseconds(10_000, limits), 15_000);
  });
});
