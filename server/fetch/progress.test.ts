import assert from "node:assert/strict";
import { test } from "node:test";
import { type FetchLog, keepTail } from "./log.ts";
import { createProgress } from "./progress.ts";

function recorder(): { readonly log: FetchLog; readonly lines: [Readonly<Record<string, unknown>>, string][] } {
  const lines: [Readonly<Record<string, unknown>>, string][] = [];
  const keep = (fields: Readonly<Record<string, unknown>>, message: string): void => void lines.push([fields, message]);
  return { log: { info: keep, warn: keep, error: keep }, lines };
}

test("progress is told at most every five seconds", () => {
  const { log, lines } = recorder();
  let moment = 1000;
  const progress = createProgress(log, () => moment);
  for (const step of [0, 4999, 1, 4999, 5001]) {
    moment += step;
    progress(10);
  }
  assert.deepEqual(lines, [
    [{ bytes: 30, elapsedSeconds: 5 }, "downloading"],
    [{ bytes: 50, elapsedSeconds: 15 }, "downloading"],
  ]);
});

test("the last warnings are kept, and everything is passed on", () => {
  const { log, lines } = recorder();
  const kept = keepTail(log);
  kept.log.info({}, "begun");
  for (let index = 0; index < 20; index += 1) kept.log.warn({ index }, `warning ${index}`);
  kept.log.error({}, "over");
  assert.equal(lines.length, 22);
  assert.deepEqual(
    kept.tail().split("\n"),
    Array.from({ length: 12 }, (_, index) => `warning ${index + 8}`),
  );
});
