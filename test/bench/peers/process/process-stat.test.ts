import assert from "node:assert/strict";
import { test } from "node:test";
import { parseBusyMs, parseProcessStat, type ProcessStat, treeOf } from "./process-stat.ts";

test("fields of a process whose name holds spaces and parentheses", () => {
  const text = "12 (a) b (c) S 3 12 7 0 -1 4194560 1 2 3 4 50 6 700 8 20 0 1 0 99 1 1\n";
  assert.deepEqual(parseProcessStat(text), { state: "S", parent: 3, session: 7, cpuMs: 560, childrenCpuMs: 7_080 });
});

test("idle and waiting time is not busy", () => {
  assert.equal(parseBusyMs("cpu  1 2 4 800 1600 8 16 32 64 128\ncpu0 9 9\n"), 630);
});

test("a tree holds descendants in any order, and of its session those whose parent has gone", () => {
  const process = (parent: number, session: number): ProcessStat => ({
    state: "S",
    parent,
    session,
    cpuMs: 0,
    childrenCpuMs: 0,
  });
  const processes = new Map([
    [3, process(20, 99)],
    [10, process(1, 10)],
    [20, process(10, 20)],
    [30, process(1, 10)],
    [40, process(1, 40)],
  ]);
  assert.deepEqual(new Set(treeOf(10, processes)), new Set([3, 10, 20, 30]));
  assert.deepEqual(treeOf(77, processes), []);
});
