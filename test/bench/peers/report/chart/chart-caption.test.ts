import assert from "node:assert/strict";
import { test } from "node:test";
import { chartCaption } from "./chart-caption.ts";

test("a caption names machine, versions, day and how thorough the run was", () => {
  const machine = {
    cores: 2,
    processor: "Some CPU",
    memoryGibibytes: 24,
    kernel: "6.1",
    node: "v24.1.0",
    versions: { "onnxruntime-node": "1.30.0" },
    load: 0,
  };
  const run = { pairs: 2, seconds: 1, quick: true };
  assert.deepEqual(chartCaption(machine, run, new Date("2026-12-01T23:59:00Z")), [
    "2 cores (Some CPU), 24 GiB, Linux 6.1; Node.js v24.1.0, onnxruntime-node 1.30.0",
    "2026-12-01, a quick run: 2 turns, windows of 1 s; the load generator shares the cores",
  ]);
});
