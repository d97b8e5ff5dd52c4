import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { showBytes, showSeconds } from "./amounts.ts";
import { editDistance, nearest } from "./nearest.ts";
import { progressLine, startProgress } from "./progress.ts";
import { hasColour, styleOf } from "./style.ts";
import { factLines, tableLines, wrapped } from "./table.ts";
import { testEdge } from "../test-edge.ts";

test("sizes have a unit that a person compares by", () => {
  const sizes = [0, 1, 1023, 1024, 1536, 102_400, 1024 ** 2, 5 * 1024 ** 3, 3 * 1024 ** 5];
  assert.deepEqual(sizes.map(showBytes), [
    "0 B",
    "1 B",
    "1023 B",
    "1.0 KiB",
    "1.5 KiB",
    "100 KiB",
    "1.0 MiB",
    "5.0 GiB",
    "3072 TiB",
  ]);
});

test("times are minutes and hours once they are long", () => {
  assert.deepEqual([0, 59.4, 60, 3599, 3600, 36_061].map(showSeconds), [
    "0 s",
    "59 s",
    "1:00",
    "59:59",
    "1:00:00",
    "10:01:01",
  ]);
});

describe("a misspelt word", () => {
  const words = ["push", "plan", "inspect", "serve", "predict"];
  test("leads to the nearest one", () => {
    assert.deepEqual(
      ["pusch", "palm", "inspekt", "PREDICT", "srever"].map((word) => nearest(word, words)),
      ["push", "plan", "inspect", "predict", "serve"],
    );
  });
  test("that is near to nothing leads nowhere", () => assert.equal(nearest("deploy", words), undefined));
  test("is as far from one as that is from it, and a word is at no distance from itself", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), (left, right) => {
        assert.equal(editDistance(left, right), editDistance(right, left));
        assert.equal(editDistance(left, right) === 0, left === right);
        assert.ok(editDistance(left, right) <= Math.max(left.length, right.length));
      }),
    );
  });
});

describe("colour", () => {
  test("is there on a terminal alone, and never against NO_COLOR or a dumb terminal", () => {
    assert.equal(hasColour({ isTerminal: true }, {}), true);
    assert.equal(hasColour({ isTerminal: false }, {}), false);
    assert.equal(hasColour({ isTerminal: true }, { NO_COLOR: "1" }), false);
    assert.equal(hasColour({ isTerminal: true }, { NO_COLOR: "" }), true);
    assert.equal(hasColour({ isTerminal: true }, { TERM: "dumb" }), false);
  });
  test("that is off leaves text as it is", () => assert.equal(styleOf(false).bad("x"), "x"));
  test("that is on is on whatever the process writes to", () =>
    assert.equal(styleOf(true).bad("x"), "\x1b[31mx\x1b[39m"));
});

describe("lines", () => {
  test("of a table have columns and no blanks at their ends", () => {
    const lines = tableLines(["A", "LONGER"], [["longest", "b"], ["c"]], styleOf(false));
    assert.deepEqual(lines, ["A        LONGER", "longest  b", "c"]);
  });
  test("of facts keep a value's lines together", () => {
    assert.deepEqual(
      factLines([
        ["a", "1\n2"],
        ["long", "3"],
      ]),
      ["  a     1\n        2", "  long  3"],
    );
  });
  test("that are wrapped lose no word and hold the width where words allow it", () => {
    const word = fc.stringMatching(/^[a-z]{1,12}$/);
    fc.assert(
      fc.property(fc.array(word, { minLength: 1 }), (words) => {
        const lines = wrapped(words.join(" "), 20, "  ").split("\n");
        assert.deepEqual(
          lines.flatMap((line) => line.trim().split(" ")),
          words,
        );
        assert.ok(lines.every((line) => line.length <= 20));
      }),
    );
  });
});

describe("progress", () => {
  const state = { label: "pushing", done: 0, total: 2048, elapsedSeconds: 0 };
  test("has a bar, a speed and a time that is left", () => {
    assert.equal(
      progressLine({ ...state, done: 1024, elapsedSeconds: 2 }, 120),
      "pushing  [############            ]   50%  1.0 KiB of 2.0 KiB  512 B/s  2 s left",
    );
  });
  test("of an unknown whole has what came", () => {
    assert.equal(
      progressLine({ ...state, done: 1024, total: undefined, elapsedSeconds: 2 }, 120),
      "pushing  1.0 KiB  512 B/s",
    );
  });
  const uri = `oci://registry.example.com/${"team/".repeat(10)}models/digits:1`;
  const long = { label: `fetching ${uri}`, done: 3_040_870, total: 8_912_896, elapsedSeconds: 2.5 };
  test("shortens the middle of a long label and the bar, and no figure", () => {
    const line = progressLine(long, 80);
    assert.equal(line, "fetching …digits:1  [###       ]   34%  2.9 MiB of 8.5 MiB  1.2 MiB/s  5 s left");
    assert.equal(line.length, 79);
  });
  test("shortens the bar before a label that is not long", () => {
    assert.equal(
      progressLine({ ...long, label: "pushing 1 file, 8.5 MiB", elapsedSeconds: 0 }, 72),
      "pushing 1 file, 8.5 MiB  [######            ]   34%  2.9 MiB of 8.5 MiB",
    );
  });
  test("of an unknown whole has its amounts beside a long label", () => {
    const line = progressLine({ ...long, total: undefined }, 80);
    assert.match(line, /^fetching oci:.*….*models\/digits:1 {2}2\.9 MiB {2}1\.2 MiB\/s$/);
    assert.equal(line.length, 79);
  });
  test("keeps the figures where there is no room for more", () => {
    assert.equal(progressLine(long, 52), " 34%  2.9 MiB of 8.5 MiB  1.2 MiB/s  5 s left");
  });
  test("has a bar once the whole is known, and steps back for what comes again", () => {
    let now = 0;
    const edge = testEdge({ isTerminal: true, now: () => now });
    const progress = startProgress(edge, "fetching", undefined);
    now = 1000;
    progress.add(512);
    progress.expect(1024);
    now = 2000;
    progress.add(-512);
    const drawn = edge.said().split("\r\x1b[K");
    assert.deepEqual(
      drawn.slice(1).map((line) => line.replaceAll(/\[.*?\]/g, "[]")),
      [
        "fetching  0 B",
        "fetching  512 B  512 B/s",
        "fetching  []   50%  512 B of 1.0 KiB  512 B/s  1 s left",
        "fetching  []    0%  0 B of 1.0 KiB",
      ],
    );
  });
  test("of nothing is complete", () => assert.match(progressLine({ ...state, total: 0 }, 120), /100% {2}0 B of 0 B/));
  test("stays within the terminal", () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(4096), (columns, done) => {
        assert.ok(progressLine({ ...state, done }, columns).length < Math.max(1, columns));
      }),
    );
  });
  test("is drawn on a terminal, ten times a second at most, and taken away", () => {
    let now = 0;
    const edge = testEdge({ isTerminal: true, now: () => now });
    const progress = startProgress(edge, "x", 100);
    for (now = 0; now < 1000; now += 10) progress.add(1);
    progress.end();
    const drawn = edge.said().split("\r\x1b[K");
    assert.ok(drawn.length >= 10 && drawn.length <= 13, String(drawn.length));
    assert.equal(drawn.at(-1), "");
    assert.match(drawn.at(-2) ?? "", /100%/);
  });
  test("is silent where there is no terminal", () => {
    const edge = testEdge();
    const progress = startProgress(edge, "x", 100);
    progress.add(100);
    progress.end();
    assert.equal(edge.said(), "");
  });
});
