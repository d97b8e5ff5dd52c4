import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { median, pairedDifference, pairedRatio } from "./paired.ts";

const turns = (...values: readonly number[]) => values.map((value, turn) => ({ turn, value }));

test("the median of an odd and an even number of values, and of none", () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([9, 1, 5, 2]), 3.5);
  assert.equal(median([]), undefined);
});

test("a ratio is taken within each turn, so a machine that slows down changes nothing", () => {
  assert.equal(pairedRatio(turns(10, 20, 40), turns(5, 10, 20)), 2);
  // The ratio of the medians would be 1.
  assert.equal(pairedRatio(turns(1, 10, 100), turns(10, 100, 1)), 0.1);
});

test("turns that one side lacks, or in which the other is 0, are left out", () => {
  assert.equal(pairedRatio([{ turn: 1, value: 6 }], [{ turn: 1, value: 3 }, ...turns(100)]), 2);
  assert.equal(pairedRatio(turns(1, 4), turns(0, 2)), 2);
  assert.equal(pairedRatio(turns(1), [{ turn: 1, value: 1 }]), undefined);
});

test("a difference is taken within each turn, too, and there a 0 says as much as any value", () => {
  // The difference of the medians would be 0.
  assert.equal(pairedDifference(turns(1, 10, 100), turns(10, 100, 1)), -9);
  assert.equal(pairedDifference(turns(3), turns(0)), 3);
  assert.equal(pairedDifference(turns(1), [{ turn: 1, value: 1 }]), undefined);
});

test("property: swapping the sides of an odd number of turns gives the inverse", () => {
  const values = fc.array(
    fc.tuple(fc.double({ min: 0.1, max: 10, noNaN: true }), fc.double({ min: 0.1, max: 10, noNaN: true })),
    {
      minLength: 1,
      maxLength: 9,
    },
  );
  fc.assert(
    fc.property(values, (pairs) => {
      const odd = pairs.length % 2 === 1 ? pairs : pairs.slice(1);
      if (odd.length === 0) return;
      const ours = turns(...odd.map(([left]) => left));
      const theirs = turns(...odd.map(([, right]) => right));
      const product = (pairedRatio(ours, theirs) ?? 0) * (pairedRatio(theirs, ours) ?? 0);
      assert.ok(Math.abs(product - 1) < 1e-9, String(product));
    }),
  );
});
