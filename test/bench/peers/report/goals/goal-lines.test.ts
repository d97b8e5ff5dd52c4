import assert from "node:assert/strict";
import { test } from "node:test";
import { spreadOf } from "../../../spread.ts";
import { benchPeers } from "../../peers.ts";
import type { BenchResults } from "../../run-bench.ts";
import { cellOf, resultsOf } from "../fixtures.ts";
import type { GoalLine } from "./goal-line.ts";
import { goalLines } from "./goal-lines.ts";

function lineOf(results: Partial<BenchResults>, part: string): GoalLine {
  const found = goalLines(resultsOf(results)).filter(({ goal }) => goal.includes(part));
  assert.equal(found.length, 1, `${found.length} goals about ${part}`);
  return found[0] as GoalLine;
}

function standing(results: Partial<BenchResults>, part: string): readonly [string, GoalLine["verdict"]] {
  const { measured, verdict } = lineOf(results, part);
  return [measured, verdict];
}

/** Targets that the project has set itself; a change here is a change of what it promises. */
test("every goal with its target", () => {
  assert.deepEqual(
    goalLines(resultsOf({})).map(({ goal, target }) => `${goal} ${target}`),
    [
      "cells in which another takes > 10 % less CPU a request ≤ 0",
      "cells in which another answers > 10 % more requests a second ≤ 0",
      "requests that failed, of all cells ≤ 0",
      "iris json c8: over the best product ≥ 5",
      "iris json c8: over the floor of two processes ≥ 1.3",
      "silero json c8: over the best product ≥ 3",
      "silero json c8: over the floor of two processes ≥ 1.3",
      "iris json c1: CPU a request, over the floor's ≤ 1",
      "iris json c8: CPU a request, over the floor's ≤ 1",
      "conv224 json c8: over the floor of two processes ≥ 1.5",
      "conv224 json c8: over the best product ≥ 1",
      "ocr json c8: over the floor of two processes ≥ 1.3",
      "ocr binary c8: of raw ≥ 0.75",
      "conv224 binary c8: of raw ≥ 0.85",
      "conv224 grpc c8: of raw ≥ 0.75",
      "conv224 binary c1: of the better raw row of one run at a time ≥ 0.8",
      "mlp binary c1: of the better raw row of one run at a time ≥ 0.8",
      "mlp json c32: over MLServer's batching ≥ 1.3",
      "mlp grpc c32: over MLServer's batching ≥ 1.3",
      "mlp json c32: over Triton's batching ≥ 1.3",
      "mlp binary c32: over Triton's batching ≥ 1.3",
      "mlp grpc c32: over Triton's batching ≥ 1.3",
      "iris json c1: p50 above the floor's ≤ 50 µs",
      "p99 over p50 at c8, in the worst cell ≤ 2",
      "150,528 floats as JSON: CPU beyond the run, over the floor's ≤ 0.55",
      "readiness while c8 JSON saturates conv224: p99 < 5 ms",
      "readiness while c8 JSON saturates conv224: longest < 50 ms",
      "liveness while a model of 553 MB loads: p99 < 5 ms",
      "liveness while a model of 553 MB loads: longest < 50 ms",
      "readiness while bodies of 64 MiB are decoded: p99 < 5 ms",
      "readiness while bodies of 64 MiB are decoded: longest < 50 ms",
      "start to first inference, text-direction classifier ≤ 0.35 s",
      "start to first inference, model of 553 MB ≤ 2.5 s",
      "PSS with conv224 after c8, 2 workers ≤ 180 MiB",
      "PSS with the large MLP, 4 workers over 1 ≤ 1.15",
      "requests a second of each of 4 cores, over each of 2 ≥ 0.85",
      "requests a second of each of 8 cores, over each of 2 ≥ 0.85",
      "requests a second of each of 16 cores, over each of 2 ≥ 0.85",
    ],
  );
});

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
  assert.deepEqual(standing({ cells }, "less CPU"), ["1 (of 2)", "lost"]);
  assert.deepEqual(standing({ cells }, "more requests a second"), ["0 (of 2)", "met"]);
});

test("one failed request of ours is a lost goal, those of others are theirs", () => {
  const cells = [cellOf({}), cellOf({ peer: "node", failed: 7 })];
  assert.deepEqual(standing({ cells }, "that failed"), ["0 (of 1000)", "met"]);
  assert.deepEqual(standing({ cells: [...cells, cellOf({ turn: 1, failed: 1 })] }, "that failed"), [
    "1 (of 2000)",
    "lost",
  ]);
});

test("a ratio is to the best product, with its batching or without, and never to one whose requests failed", () => {
  const cells = [
    cellOf({ perSecond: 1000 }),
    cellOf({ peer: "node-2", perSecond: 9000 }),
    cellOf({ peer: "triton", perSecond: 100 }),
    cellOf({ peer: "triton-batch", perSecond: 250 }),
    cellOf({ peer: "mlserver-batch", perSecond: 5000, failed: 1 }),
  ];
  assert.deepEqual(standing({ cells }, "iris json c8: over the best product"), [
    "4 (1000/s; triton-batch 250/s)",
    "lost",
  ]);
  const better = cells.map((cell) => (cell.peer === "slipway" ? { ...cell, perSecond: 1250 } : cell));
  assert.equal(lineOf({ cells: better }, "iris json c8: over the best product").verdict, "met");
});

test("the floor of two processes is that one, the floor's processor time the lower of both", () => {
  const cells = [
    cellOf({ perSecond: 1300, cpuMs: 0.1 }),
    cellOf({ peer: "node", perSecond: 5000, cpuMs: 0.05 }),
    cellOf({ peer: "node-2", protocol: "binary", perSecond: 9000, cpuMs: 0.01 }),
    cellOf({ peer: "node-2", connections: 32, perSecond: 9000, cpuMs: 0.01 }),
    cellOf({ peer: "node-2", model: "mlp", perSecond: 9000, cpuMs: 0.01 }),
    cellOf({ peer: "node-2", perSecond: 1000, cpuMs: 0.2 }),
  ];
  assert.deepEqual(standing({ cells }, "iris json c8: over the floor of two"), ["1.30 (1300/s; node-2 1000/s)", "met"]);
  assert.deepEqual(standing({ cells }, "iris json c8: CPU"), ["2 (0.100 ms; node 0.050 ms)", "lost"]);
});

const raw = { model: "conv224", turn: 0, p50Ms: 1, p99Ms: 1, cpuMs: 1 } as const;
const raws = [
  { ...raw, setting: "1 thread", perSecond: 100 },
  { ...raw, setting: "2 threads", perSecond: 150 },
  { ...raw, setting: "2 x 1 thread", perSecond: 200 },
  { ...raw, setting: "2 x 1 thread", perSecond: 1, model: "iris" },
] as const;

test("eight clients are held against the best raw row, one client against those of one run at a time", () => {
  const cell = { model: "conv224", protocol: "binary", perSecond: 120 } as const;
  const cells = [cellOf(cell), cellOf({ ...cell, connections: 1 })];
  assert.deepEqual(standing({ raws, cells }, "conv224 binary c8"), ["0.600 (120/s; raw, 2 x 1 thread 200/s)", "lost"]);
  assert.deepEqual(standing({ raws, cells }, "conv224 binary c1"), ["0.800 (120/s; raw, 2 threads 150/s)", "met"]);
});

test("latency above the floor's is a difference in microseconds, taken within each turn", () => {
  const one = { connections: 1 } as const;
  const cells = [
    cellOf({ ...one, p50Ms: 0.31, turn: 0 }),
    cellOf({ ...one, p50Ms: 0.5, turn: 1 }),
    cellOf({ ...one, p50Ms: 0.1, turn: 2 }),
    cellOf({ ...one, peer: "node", p50Ms: 0.25, turn: 0 }),
    cellOf({ ...one, peer: "node", p50Ms: 0.44, turn: 1 }),
    cellOf({ ...one, peer: "node", p50Ms: 0.04, turn: 2 }),
    cellOf({ ...one, peer: "node-2", p50Ms: 0.4, turn: 0 }),
  ];
  assert.deepEqual(standing({ cells }, "p50 above"), ["60 µs (0.310 ms; node 0.250 ms)", "lost"]);
  const atTarget = [cellOf({ ...one, p50Ms: 0.2 }), cellOf({ ...one, peer: "node", p50Ms: 0.15 })];
  assert.equal(lineOf({ cells: atTarget }, "p50 above").verdict, "met");
});

test("the tail is that of our worst cell with eight connections", () => {
  const cells = [
    cellOf({ p50Ms: 1, p99Ms: 2 }),
    cellOf({ model: "mlp", p50Ms: 10, p99Ms: 25 }),
    cellOf({ model: "mlp", connections: 32, p50Ms: 1, p99Ms: 90 }),
    cellOf({ peer: "node", p50Ms: 1, p99Ms: 90 }),
  ];
  assert.deepEqual(standing({ cells }, "p99 over p50"), ["2.50 (mlp json c8, 25.0 / 10.0 ms)", "lost"]);
});

test("a large body costs what is beyond the run, in the order of sizes that is dearer for us", () => {
  const reading = { size: "large", turn: 0, perSecond: 1 } as const;
  const orders = [
    { ...reading, peer: "raw, 1 thread", position: "first", cpuMs: 1 },
    { ...reading, peer: "slipway", position: "first", cpuMs: 5 },
    { ...reading, peer: "slipway", position: "second", cpuMs: 7 },
    { ...reading, peer: "node", position: "first", cpuMs: 13 },
    { ...reading, peer: "node", position: "second", cpuMs: 13 },
    { ...reading, size: "small", peer: "slipway", position: "second", cpuMs: 99 },
  ] as const;
  const goal = "150,528";
  assert.deepEqual(standing({ orders }, goal), ["0.500 (sent second: 6.00 ms; node 12.0 ms)", "met"]);
  // Without the run nothing is known of what is beyond it.
  assert.equal(lineOf({ orders: orders.slice(1) }, goal).verdict, "not measured");
});

test("a probe must be quicker than the target, and one that failed loses, however quick the others were", () => {
  const health = {
    peer: "slipway",
    during: "553 MB load",
    latencyMs: spreadOf([1, 4.9]),
    idleMs: spreadOf([2]),
    failed: 0,
  } as const;
  assert.deepEqual(standing({ healths: [health] }, "553 MB loads: p99"), ["4.90 ms (idle process 2.00 ms)", "met"]);
  const slow = { ...health, latencyMs: spreadOf([...Array<number>(200).fill(5), 50]) };
  assert.deepEqual(standing({ healths: [slow] }, "553 MB loads: p99"), ["5 ms (idle process 2.00 ms)", "lost"]);
  assert.deepEqual(standing({ healths: [slow] }, "553 MB loads: longest"), ["50 ms (idle process 2.00 ms)", "lost"]);
  const failed = { ...health, failed: 1 };
  assert.deepEqual(standing({ healths: [failed] }, "553 MB loads: p99"), [
    "4.90 ms (1 failed; idle process 2.00 ms)",
    "lost",
  ]);
});

test("readings of others, and of another start of Slipway, do not meet its goals", () => {
  const memories = [{ peer: "slipway", model: "conv224", idleMebibytes: 1, loadedMebibytes: 1 }];
  const starts = [{ peer: "node", model: "ocr", turn: 0, ms: 1 }];
  assert.equal(lineOf({ memories }, "conv224 after c8").verdict, "not measured");
  assert.equal(lineOf({ starts }, "text-direction").verdict, "not measured");
  const cells = [cellOf({ peer: "slipway-w1", perSecond: 1e6 }), cellOf({ peer: "triton" })];
  assert.equal(lineOf({ cells }, "iris json c8: over the best product").verdict, "not measured");
});

test("memory after the load, of two workers, and of four over that of one; a target itself is met", () => {
  const memories = [
    { peer: "slipway with 2 workers", model: "conv224", idleMebibytes: 500, loadedMebibytes: 180 },
    { peer: "slipway with 1 worker", model: "mlp", idleMebibytes: 1, loadedMebibytes: 200 },
    { peer: "slipway with 4 workers", model: "mlp", idleMebibytes: 1, loadedMebibytes: 230 },
  ];
  assert.deepEqual(standing({ memories }, "conv224 after c8"), ["180 MiB", "met"]);
  assert.deepEqual(standing({ memories }, "4 workers over 1"), ["1.15 (230 MiB; 1 worker 200 MiB)", "met"]);
});

test("the start is the median of the turns", () => {
  const starts = [300, 360, 2000].map((ms, turn) => ({ peer: "slipway", model: "ocr", turn, ms }));
  assert.deepEqual(standing({ starts }, "text-direction"), ["0.360 s", "lost"]);
});

test("growth with cores is that of the model that grows least, and of sizes that the machine has", () => {
  const reading = { turn: 0 } as const;
  const scalings = [
    { ...reading, model: "iris", cores: 2, perSecond: 100 },
    { ...reading, model: "iris", cores: 4, perSecond: 200 },
    { ...reading, model: "conv224", cores: 2, perSecond: 10 },
    { ...reading, model: "conv224", cores: 4, perSecond: 16 },
  ];
  assert.deepEqual(standing({ scalings }, "each of 4 cores"), ["0.800 (conv224)", "lost"]);
  assert.equal(lineOf({ scalings }, "each of 8 cores").verdict, "not measured");
});

test("the peers that goals name are peers of the bench", () => {
  const names = benchPeers({ image: { command: [], environment: {} }, folder: "" }).map(({ name }) => name);
  for (const name of ["slipway", "node", "node-2", "mlserver-batch", "triton-batch"])
    assert.ok(names.includes(name), name);
});
