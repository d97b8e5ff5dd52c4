import assert from "node:assert/strict";
import { test } from "node:test";
import { step } from "./report.ts";

test("a step says that it began and how long it took", async () => {
  const lines: string[] = [];
  const report = (line: string) => void lines.push(line);
  assert.equal(await step(report, "digging", () => Promise.resolve(42)), 42);
  await assert.rejects(
    step(report, "filling", () => Promise.reject(new Error("no earth"))),
    /no earth/,
  );
  const withoutTimes = lines.map((line) => line.replace(/\d+\.\d s/, "N s"));
  assert.deepEqual(withoutTimes, ["digging ...", "digging: done in N s", "filling ...", "filling: failed after N s"]);
});

test("a long step gives a sign of life", async (context) => {
  context.mock.timers.enable({ apis: ["setInterval"] });
  const lines: string[] = [];
  const held = Promise.withResolvers<void>();
  const running = step(
    (line) => void lines.push(line),
    "building",
    () => held.promise,
  );
  context.mock.timers.tick(30_000);
  assert.equal(lines.filter((line) => /^building \.\.\. \d+\.\d s$/.test(line)).length, 2);
  held.resolve();
  await running;
});
