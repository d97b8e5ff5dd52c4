import assert from "node:assert/strict";
import { test } from "node:test";
import { digestOf, markOf } from "../engine/inputs-mark.ts";
import type { RunInputs } from "../engine/run.ts";
import { isProblem } from "../errors.ts";
import { createCrashWatch } from "./crash-watch.ts";

/** Inputs that have the same mark, as they differ in an element that it does not look at. */
function picture(last: number): RunInputs {
  const data = new Float32Array(10_000);
  data[9999] = last;
  return { inputs: [{ name: "x", datatype: "FP32", shape: [10_000], data }], outputs: ["y"] };
}

test("inputs are refused that crashed again, and not those that only look like them", () => {
  const watch = createCrashWatch({ begin: () => undefined, end: () => undefined });
  const bad = picture(1);
  const good = picture(2);
  const mark = markOf(bad);
  assert.equal(markOf(good), mark);
  assert.deepEqual(watch.judge(bad), { mark, digest: undefined });
  watch.watch({ suspects: [mark], refused: [] });
  assert.deepEqual(watch.judge(bad), { mark, digest: digestOf(bad) });
  watch.watch({ suspects: [mark], refused: [digestOf(bad)] });
  const verdict = watch.judge(bad);
  assert.ok(isProblem(verdict) && verdict.code === "CrashesEngine");
  assert.deepEqual(watch.judge(good), { mark, digest: digestOf(good) });
  watch.watch({ suspects: [], refused: [] });
  assert.deepEqual(watch.judge(bad), { mark, digest: undefined });
});
