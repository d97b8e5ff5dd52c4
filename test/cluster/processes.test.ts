import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { isRunning, readStat, startDetached, startTied, stopProcess } from "./processes.ts";
import { waitFor } from "./wait.ts";

const notYet = () => Promise.reject(new Error("not yet"));

describe("processes", () => {
  let directory = "";
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "slipway-processes-"));
  });
  after(() => rm(directory, { recursive: true }));

  const shell = (script: string) => ({
    name: "shell",
    path: "/bin/sh",
    parameters: ["-c", script],
    logFile: join(directory, `${script.length}.log`),
    directory,
  });

  for (const start of [startTied, startDetached]) {
    test(`${start.name}: runs until it is stopped`, async () => {
      const started = start(shell("exec sleep 60"));
      assert.ok(isRunning(started));
      await stopProcess(started, 5_000);
      assert.ok(!isRunning(started));
    });
  }

  test("the umask of whoever starts it is not its own", async () => {
    const ownUmask = process.umask(0o077);
    try {
      const program = shell("umask; exec sleep 60");
      const started = startDetached(program);
      const check = async () => assert.equal(await readFile(program.logFile, "utf8"), "0022\n");
      await waitFor("its umask", check, { timeoutMilliseconds: 60_000, processes: [started] });
      await stopProcess(started, 0);
      assert.equal(process.umask(), 0o077);
    } finally {
      process.umask(ownUmask);
    }
  });

  test("one that ignores the polite signal is killed once patience is over", async () => {
    const program = shell("trap '' TERM; echo ready; while :; do sleep 1; done");
    const started = startTied(program);
    const check = async () => assert.match(await readFile(program.logFile, "utf8"), /ready/);
    await waitFor("ready", check, { timeoutMilliseconds: 60_000, processes: [started] });
    await stopProcess(started, 50);
    assert.ok(!isRunning(started));
  });

  test("a stranger with the same number is not taken for the recorded process", async () => {
    const started = startTied(shell("exec sleep 60"));
    const recycled = { ...started, startTicks: started.startTicks - 1 };
    assert.ok(!isRunning(recycled));
    await stopProcess(recycled, 1_000);
    assert.ok(isRunning(started), "the stranger was stopped");
    await stopProcess(started, 0);
  });

  test("a program that is missing is named", () => {
    const missing = { ...shell(""), path: "/no/such/program" };
    assert.throws(() => startDetached(missing), /shell cannot be started/);
  });

  test("there is nothing to read of a process that is none", () => {
    assert.equal(readStat(2 ** 30), undefined);
  });

  test("waiting quotes the log of a process that ended", async () => {
    const started = startTied(shell("echo the reason; exit 3"));
    const waiting = waitFor("never", notYet, { timeoutMilliseconds: 60_000, processes: [started] });
    await assert.rejects(waiting, /never: shell ended\n.*the reason/s);
  });

  test("waiting gives the last reason when time is up", async () => {
    await assert.rejects(waitFor("warmth", notYet, { timeoutMilliseconds: 20 }), /warmth: not within 0.02 s: not yet/);
  });
});
