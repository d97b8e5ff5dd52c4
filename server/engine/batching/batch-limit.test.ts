import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { batchLimit } from "./batch-limit.ts";

describe("rows that a run may have", () => {
  const table: readonly (readonly [string, readonly (readonly [number, number])[], number])[] = [
    ["nothing was measured", [], 1],
    [
      "a matrix product, cheaper a row with each step",
      [
        [1, 5.5],
        [2, 6],
        [4, 7],
        [8, 9],
        [16, 13],
        [32, 20],
      ],
      32,
    ],
    [
      "a convolution, which takes as long a row whatever the batch",
      [
        [1, 9],
        [2, 18],
        [4, 36.5],
      ],
      1,
    ],
    [
      "the gain ends at 8",
      [
        [1, 4],
        [2, 5],
        [4, 6],
        [8, 8],
        [16, 15.9],
        [32, 31],
      ],
      8,
    ],
    [
      "a gain within what readings differ by",
      [
        [1, 10],
        [2, 19],
        [4, 35],
      ],
      1,
    ],
    [
      "a later gain behind a step without one is not looked for",
      [
        [1, 4],
        [2, 8],
        [4, 4],
      ],
      1,
    ],
  ];
  for (const [name, times, expected] of table) {
    test(name, () => {
      assert.equal(batchLimit(times.map(([rows, seconds]) => ({ rows, seconds }))), expected);
    });
  }
});
