import assert from "node:assert/strict";
import { test } from "node:test";
import { crashReport, createCrashRegister } from "./crash-register.ts";
import type { NotedRun } from "./run-note.ts";

function run(requestId: string, marks: readonly number[], more: Partial<NotedRun> = {}): NotedRun {
  return { requestId, marks, digest: undefined, isUnderWay: true, ...more };
}

const hour = 60 * 60 * 1000;

test("a first crash makes suspects of all that ran, and a second one convicts what was noted with a digest", () => {
  const register = createCrashRegister(() => 5000);
  assert.deepEqual(register.watchlist(), { suspects: [], refused: [] });
  assert.equal(register.crashed(run("a", [1, 2]), "SIGFPE"), undefined);
  assert.deepEqual(register.watchlist(), { suspects: [1, 2], refused: [] });
  assert.deepEqual(register.repeated(), []);
  const crash = register.crashed(run("b", [2], { digest: "two" }), "SIGFPE again");
  assert.deepEqual(crash, { requestId: "b", digest: "two", message: "SIGFPE again", at: 5000 });
  assert.deepEqual(register.watchlist(), { suspects: [1, 2], refused: ["two"] });
  assert.deepEqual(register.repeated().map(crashReport(8000)), [
    { requestId: "b", inputs: "two", message: "SIGFPE again", secondsAgo: 3 },
  ]);
});

test("a crash after the run of a suspect was over convicts nobody", () => {
  const register = createCrashRegister(() => 0);
  assert.equal(register.crashed(run("a", [1], { digest: "one", isUnderWay: false }), ""), undefined);
  assert.deepEqual(register.watchlist().refused, []);
});

test("what is older than an hour is forgotten, from its last crash on", () => {
  let time = 0;
  const register = createCrashRegister(() => time);
  register.crashed(run("a", [1]), "");
  register.crashed(run("a", [1], { digest: "one" }), "");
  time = hour;
  register.crashed(run("b", [2], { digest: "two" }), "");
  assert.equal(register.forget(), false);
  time = hour + 1;
  assert.equal(register.forget(), true);
  assert.deepEqual(register.watchlist(), { suspects: [2], refused: ["two"] });
  assert.equal(register.forget(), false);
});

test("both lists are bounded: the oldest make room, and one that comes again is new", () => {
  let time = 0;
  const register = createCrashRegister(() => time);
  for (let index = 0; index < 300; index++) {
    time += 1;
    register.crashed(run("a", [index], { digest: `digest-${index}` }), "");
    register.crashed(run("a", [0], { digest: "digest-0" }), "");
  }
  const { suspects, refused } = register.watchlist();
  assert.deepEqual([suspects.length, refused.length], [256, 256]);
  assert.ok(suspects.includes(0) && refused.includes("digest-0"));
  assert.ok(!suspects.includes(1) && !refused.includes("digest-1"));
  assert.equal(register.repeated()[0]?.digest, "digest-0");
});
