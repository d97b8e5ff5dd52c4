import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { defaultLimits } from "../limits.ts";
import { createPace } from "./pace.ts";

const limits = { ...defaultLimits, idleMilliseconds: 1000, minimumBytesPerSecond: 100 };

/** Pieces as milliseconds since the one before, and bytes. Gives back at which piece the pace was too slow. */
function tooSlowAt(pieces: readonly (readonly [number, number])[]): number | undefined {
  let now = 5000;
  const pace = createPace("host", limits, () => now);
  for (const [index, [milliseconds, bytes]] of pieces.entries()) {
    now += milliseconds;
    try {
      pace(bytes);
    } catch (error) {
      assert.ok(error instanceof Error && "retry" in error);
      assert.equal(error.name, "TimedOut");
      assert.match(error.message, /^host sent \d+ bytes in [\d.]+ s, less than the 100 bytes\/s/);
      return index;
    }
  }
  return undefined;
}

test("a whole window of less than the minimum is too slow, and told at its end", () => {
  assert.equal(
    tooSlowAt([
      [500, 49],
      [499, 40],
    ]),
    undefined,
  );
  assert.equal(
    tooSlowAt([
      [500, 49],
      [500, 50],
    ]),
    1,
  );
  assert.equal(
    tooSlowAt([
      [500, 50],
      [500, 50],
    ]),
    undefined,
  );
});

test("every window counts for itself: what came before is no credit", () => {
  assert.equal(
    tooSlowAt([
      [1000, 1_000_000],
      [500, 1],
      [499, 1],
    ]),
    undefined,
  );
  assert.equal(
    tooSlowAt([
      [1000, 1_000_000],
      [500, 1],
      [500, 1],
    ]),
    2,
  );
});

test("a window that was longer asks for as much more", () => {
  assert.equal(tooSlowAt([[1500, 149]]), 0);
  assert.equal(tooSlowAt([[1500, 150]]), undefined);
});

test("whoever never falls under the minimum is never too slow", () => {
  const piece = fc.nat(2000).map((milliseconds) => [milliseconds, Math.ceil(milliseconds / 10)] as const);
  fc.assert(fc.property(fc.array(piece), (pieces) => assert.equal(tooSlowAt(pieces), undefined)));
});
