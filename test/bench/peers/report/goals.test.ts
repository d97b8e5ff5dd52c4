import assert from "node:assert/strict";
import { test } from "node:test";
import { spreadOf } from "../../spread.ts";
import { cellOf, resultsOf } from "./fixtures.ts";
import { type GoalLine, goalLines, targets } from "./goals.ts";

function lineOf(lines: readonly GoalLine[], part: string): GoalLine {
  const found = lines.find(({ goal }) => goal.includes(part));
  assert.ok(found !== undefined, `no goal about ${part}`);
  return found;
}

test("what was not measured is neither met nor lost", () => {
  const lines = goalLines(resultsOf({}));
  assert.deepEqual(new Set(lines.map(({ verdict }) => verdict)), new Set(["not measured"]));
  assert.deepEqual(new Set(lines.map(({ measured }) => measured)), new Set(["-"]));
});

test("a cell that is lost to two counts once", () => {
  const cells = [
    cellOf({ cpuMs: 0.2 }),
    cellOf({ peer: "node" }),
    cellOf({ peer: "triton" }),
    cellOf({ connections: 1 }),
    cellOf({ connections: 1, peer: "node" }),
  ];
  const { measured, verdict } = lineOf(goalLines(resultsOf({ cells })), "less processor time");
  assert.deepEqual({ measured, verdict }, { measured: "1 of 2", verdict: "lost" });
  assert.equal(lineOf(goalLines(resultsOf({ cells })), "more requests a second").verdict, "met");
  assert.equal(lineOf(goalLines(resultsOf({ cells })), "small request").measured, "2.00");
});

test("an order costs the same whichever size is the dearer", () => {
  const reading = { peer: "slipway", turn: 0, perSecond: 1 } as const;
  const orders = [
    { ...reading, size: "large", position: "first", cpuMs: 2 },
    { ...reading, size: "large", position: "second", cpuMs: 4 },
    { ...reading, size: "small", position: "first", cpuMs: 1 },
    { ...reading, size: "small", position: "second", cpuMs: 1.05 },
  ] as const;
  const lines = goalLines(resultsOf({ orders }));
  assert.equal(lineOf(lines, "of large bodies").measured, "2.00");
  assert.equal(lineOf(lines, "of large bodies").verdict, "lost");
  assert.equal(lineOf(lines, "of small bodies").verdict, "met");
  assert.equal(lineOf(lines, "150,528 floats").measured, "2.00 ms");
  const swapped = orders.map(
    (order) => ({ ...order, position: order.position === "first" ? "second" : "first" }) as const,
  );
  assert.equal(lineOf(goalLines(resultsOf({ orders: swapped })), "of large bodies").measured, "2.00");
});

test("a probe that failed loses its goal, however quick the others were", () => {
  const health = { peer: "slipway", during: "553 MB load", latencyMs: spreadOf([1, 2]) } as const;
  assert.equal(lineOf(goalLines(resultsOf({ healths: [{ ...health, failed: 0 }] })), "553 MB loads").verdict, "met");
  const lost = lineOf(goalLines(resultsOf({ healths: [{ ...health, failed: 1 }] })), "553 MB loads");
  assert.deepEqual([lost.verdict, lost.measured], ["lost", "2.00 ms, 1 failed"]);
});

test("readings of others, and of another start of Slipway, do not meet its goals", () => {
  const memory = { peer: "slipway-w1", model: "conv224", idleMebibytes: 1, loadedMebibytes: 1 };
  const starts = [{ peer: "node", model: "ocr", turn: 0, ms: 1 }];
  const lines = goalLines(resultsOf({ memories: [memory], starts }));
  assert.equal(lineOf(lines, "conv224 after c8").verdict, "not measured");
  assert.equal(lineOf(lines, "text-direction").verdict, "not measured");
});

test("memory of four workers over that of one; a target itself is met", () => {
  const memory = { model: "mlp", idleMebibytes: 0 };
  const memories = [
    { ...memory, peer: "slipway with 1 workers", loadedMebibytes: 200 },
    { ...memory, peer: "slipway with 4 workers", loadedMebibytes: 200 * targets.workersRatio },
  ];
  assert.equal(lineOf(goalLines(resultsOf({ memories })), "4 workers over 1").verdict, "met");
});

test("added latency is what lies above raw, ours over the floor's", () => {
  const raws = [
    { model: "iris", setting: "1 thread", turn: 0, perSecond: 1, p50Ms: 0.01, p99Ms: 1, cpuMs: 1 },
  ] as const;
  const cells = [cellOf({ connections: 1, p50Ms: 0.31 }), cellOf({ connections: 1, peer: "node", p50Ms: 0.16 })];
  const { measured, verdict } = lineOf(goalLines(resultsOf({ raws, cells })), "added to raw");
  assert.deepEqual({ measured, verdict }, { measured: "2.00 (300 µs)", verdict: "lost" });
});
