import assert from "node:assert/strict";
import { test } from "node:test";
import { isOfAge } from "./connection-age.ts";

test("no connection ends before nine tenths of the age, each does by eleven", () => {
  for (let opened = 0; opened < 1000; opened += 0.37) {
    assert.equal(isOfAge(opened, opened + 89_000, 100), false);
    assert.equal(isOfAge(opened, opened + 111_000, 100), true);
  }
});

test("connections that were opened within a millisecond end spread over the whole range", () => {
  const ends = Array.from({ length: 20 }, (_, index) => {
    const opened = 5000 + index * 0.045;
    let age = 90_000;
    while (!isOfAge(opened, opened + age, 100)) age += 100;
    return age;
  });
  for (const [low, high] of [
    [90_000, 95_000],
    [95_000, 100_000],
    [100_000, 105_000],
    [105_000, 110_100],
  ] as const) {
    const within = ends.filter((age) => age >= low && age < high).length;
    assert.ok(within >= 2, `${within} of 20 end between ${low} and ${high} ms`);
  }
});
