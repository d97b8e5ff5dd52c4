import assert from "node:assert/strict";
import { test } from "node:test";
import { cellOf, resultsOf } from "./fixtures.ts";
import { shortNumber } from "./markdown-table.ts";
import { reportText } from "./report-text.ts";

test("a table a model with the medians of the turns, a mark for noise, and a row for each lost cell", () => {
  const cells = [
    cellOf({ turn: 0, perSecond: 100, cpuMs: 0.3 }),
    cellOf({ turn: 1, perSecond: 300, cpuMs: 0.3 }),
    cellOf({ turn: 2, perSecond: 200, cpuMs: 0.3 }),
    cellOf({ peer: "node", turn: 0, othersCores: 0.2 }),
    cellOf({ peer: "node", turn: 2, othersCores: 0.2 }),
    cellOf({ peer: "triton", model: "mlp", failed: 3 }),
  ];
  const text = reportText(resultsOf({ cells }));
  assert.match(
    text,
    /### iris\n.*\n.*\n\| slipway +\| json +\| 200 · 1\.00\/2\.00 · 0\.300 +\|\n\| node +\| json +\| ~1000 ·/,
  );
  assert.match(text, /### mlp\n.*\n.*\n\| triton .*3 failed/);
  assert.match(
    text,
    /### lost cells\n.*\n.*\n\| ~iris json c8 \| node \| CPU, rate \| 3\.00 \(0\.300 \/ 0\.100 ms\) +\| 0\.150 /,
  );
});

test("a problem is told once, by the first and the last line of why; what went well has no section", () => {
  const problem = { peer: "triton", what: "iris start", why: "ended with 1\nTraceback\nno |room\n;\n" };
  const text = reportText(resultsOf({ problems: [problem, problem] }));
  assert.equal(text.split("iris start").length, 2);
  assert.match(text, /\| ended with 1; no \\\|room \|\n/);
  assert.ok(!text.includes("### lost cells"));
  assert.ok(!text.includes("### PSS"));
});

test("growth with cores is a row a model, with a column for every number of them", () => {
  const reading = { model: "iris", turn: 0 };
  const scalings = [
    { ...reading, cores: 4, perSecond: 180 },
    { ...reading, cores: 2, perSecond: 100 },
  ];
  assert.match(
    reportText(resultsOf({ scalings })),
    /### growth with cores\n\| model \| 2 cores \| 4 cores \|\n.*\n\| iris +\| 100\/s +\| 180\/s +\|/,
  );
});

test("the report begins with how thorough the run was, and a quick one says that it is one", () => {
  assert.match(reportText(resultsOf({})), /^5 turns, windows of 2 s\n/);
  const run = { pairs: 1, seconds: 1, quick: true };
  assert.match(reportText(resultsOf({ run })), /^a quick run: 1 turn, windows of 1 s\n/);
});

test("numbers have three digits, and thousandths at most", () => {
  assert.deepEqual([12345.6, 99.96, 9.876, 0.12345, 0].map(shortNumber), ["12346", "100.0", "9.88", "0.123", "0.000"]);
});
