import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { styleOf } from "../../text/style.ts";
import { parseJson, memberOf, v2Output } from "./json-answer.ts";
import type { Output } from "./output.ts";
import { classRows, outputsText } from "./outputs-text.ts";

function answer(shape: readonly number[], data: string, datatype = "FP32"): string {
  return `{"model_name":"m","outputs":[{"name":"y","datatype":"${datatype}","shape":[${shape.join(",")}],"data":${data}}]}`;
}

function shown(text: string, top = 5, labels?: readonly string[]): string {
  const outputs = memberOf(parseJson(text), "outputs") as readonly unknown[];
  return outputsText(outputs.map(v2Output), { top, labels }, styleOf(false));
}

function output(shape: readonly number[], count: number, datatype = "FP32"): Output {
  return { name: "y", datatype, shape, data: Array.from({ length: count }, () => "0") };
}

describe("an answer", () => {
  test("of a classifier has its likeliest classes", () => {
    assert.equal(
      shown(answer([1, 4], "[0.1,0.7,0.15,0.05]"), 2),
      "y  FP32  [1, 4]\n  CLASS  SCORE\n  1      0.7\n  2      0.15\n",
    );
  });
  test("has labels, and rows where there are several", () => {
    assert.equal(
      shown(answer([2, 2], "[1,0,0,1]"), 1, ["cat", "dog"]),
      "y  FP32  [2, 2]\n  ROW  CLASS  LABEL  SCORE\n  0    0      cat    1\n  1    1      dog    1\n",
    );
  });
  test("ranks what is no number last", () => {
    assert.match(
      shown(answer([4], '["NaN",-1,"Infinity","-Infinity"]'), 4),
      /2 +Infinity\n +1 +-1\n +0 +NaN\n +3 +-Infinity\n$/,
    );
  });
  test("of another kind has its first values, with every digit", () => {
    assert.equal(shown(answer([2], "[9007199254740993,-1]", "INT64")), "y  INT64  [2]\n  9007199254740993, -1\n");
    assert.match(shown(answer([100], `[${Array(100).fill(7).join(",")}]`, "UINT8")), /7, 7, and 88 more\n$/);
    assert.equal(shown(answer([2], '["a\\n","b"]', "BYTES")), 'y  BYTES  [2]\n  "a\\n", "b"\n');
    assert.equal(shown(answer([], "[1.5]")), "y  FP32  []\n  1.5\n");
    assert.equal(shown(answer([0], "[]")), "y  FP32  [0]\n  \n");
  });
  test("of a classifier is told by type and shape", () => {
    assert.equal(classRows(output([2, 3], 6))?.length, 2);
    assert.equal(classRows(output([3], 3))?.length, 1);
    for (const other of [
      output([1, 1], 1),
      output([1, 2, 3], 6),
      output([3], 3, "INT64"),
      output([], 1),
      output([0, 3], 0),
      output([3], 2),
    ]) {
      assert.equal(classRows(other), undefined);
    }
  });
});
