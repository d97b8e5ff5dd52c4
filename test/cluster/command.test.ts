import assert from "node:assert/strict";
import { test } from "node:test";
import { CommandError, run } from "./command.ts";

test("gives back what a command printed, and passes input and environment to it", async () => {
  const script = 'cat; printf %s "$WORD"; echo aside >&2';
  const output = await run("sh", ["-c", script], { input: "in ", environment: { WORD: "word" } });
  assert.deepEqual(output, { stdout: "in word", stderr: "aside\n" });
});

test("a failure says which command, with which code, and what it said", async () => {
  await assert.rejects(run("sh", ["-c", "echo the cause >&2; exit 7"]), (error: unknown) => {
    assert.ok(error instanceof CommandError);
    assert.equal(error.exitCode, 7);
    assert.match(error.message, /^sh -c .*: exit code 7\nthe cause$/);
    return true;
  });
});

test("a command that takes too long is killed", async () => {
  await assert.rejects(run("sleep", ["60"], { timeoutMilliseconds: 50 }), /sleep 60: ended by SIGKILL/);
});

test("a command that is not installed is named", async () => {
  await assert.rejects(run("no-such-command", []), /no-such-command: spawn no-such-command ENOENT/);
});

test("a command that does not read its input does not fail for it", async () => {
  await run("true", [], { input: "x".repeat(1_000_000) });
});
