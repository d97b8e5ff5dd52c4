import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pieces } from "./tensor-text.ts";
import { textAnswer } from "./text-answer.ts";

const partSize = 256 * 1024;

/** So many characters of a piece, bytes where it is marked so. */
type Plan = readonly (readonly [length: number, isBytes: boolean])[];

function contentOf(index: number, length: number): string {
  return String.fromCharCode(97 + (index % 26)).repeat(length);
}

function* piecesOf(plan: Plan, taken: { count: number }): Pieces {
  for (const [index, [length, isBytes]] of plan.entries()) {
    taken.count += 1;
    yield isBytes ? Buffer.from(contentOf(index, length)) : contentOf(index, length);
  }
}

const plans: readonly (readonly [name: string, Plan])[] = [
  ["nothing", []],
  ["a text", [[10, false]]],
  ["bytes", [[10, true]]],
  ["bytes between texts", [...Array(9).keys()].map((i) => [1000, i % 2 === 1] as const)],
  ["many texts", [...Array(900).keys()].map(() => [1000, false] as const)],
  ["long texts", [...Array(7).keys()].map(() => [200_000, false] as const)],
  ["long bytes", [...Array(7).keys()].map(() => [120_000, true] as const)],
  ["both, turn by turn", [...Array(900).keys()].map((i) => [2000, i % 3 === 1] as const)],
  [
    "a long text at last",
    [
      [10, true],
      [300_000, false],
    ],
  ],
  [
    "long bytes at last",
    [
      [10, false],
      [300_000, true],
    ],
  ],
];

for (const [name, plan] of plans) {
  test(`${name}: all is there, in bounded parts that are made as they are taken`, () => {
    const taken = { count: 0 };
    const { parts } = textAnswer("{", piecesOf(plan, taken), "}");
    const total = plan.reduce((sum, [length]) => sum + length, 2);
    assert.equal(Array.isArray(parts), total < partSize);
    if (plan.every(([, isBytes]) => !isBytes) && total < partSize) assert.equal([...parts].length, 1);
    assert.ok(
      plan.slice(0, taken.count - 1).reduce((sum, [length]) => sum + length, 0) < partSize,
      "no more than a part was made",
    );

    const all: string[] = [];
    for (const part of parts) {
      assert.ok(part.length <= partSize + Math.max(...plan.map(([length]) => length), 0) + 2);
      all.push(Buffer.from(part).toString("latin1"));
    }
    assert.ok(all.join("") === `{${plan.map(([length], index) => contentOf(index, length)).join("")}}`, "all of it");
  });
}
