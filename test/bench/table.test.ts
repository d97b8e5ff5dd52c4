import assert from "node:assert/strict";
import { test } from "node:test";
import { spreadOf } from "./spread.ts";
import { tableOf } from "./table.ts";

const line = { name: "one", title: "one object", target: "", value: "12 ms", floor: "", command: "c", detail: {} };

test("a line a figure, in columns, and below it why one has no value", () => {
  const failed = { ...line, name: "two", title: "two", value: "not measured", target: "≤ 1 s", error: "no cluster" };
  assert.equal(
    tableOf([line, failed]),
    [
      "FIGURE      VALUE         TARGET   FLOOR  COMMAND",
      "one object  12 ms         printed  -      c",
      "two         not measured  ≤ 1 s    -      c",
      "two not measured: no cluster",
      "",
    ].join("\n"),
  );
});

test("quantiles are values that occurred", () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  assert.deepEqual(spreadOf(values), { count: 100, p50: 50, p99: 99, most: 100 });
  assert.deepEqual(spreadOf([7]), { count: 1, p50: 7, p99: 7, most: 7 });
  assert.deepEqual(spreadOf([]), { count: 0, p50: 0, p99: 0, most: 0 });
});
