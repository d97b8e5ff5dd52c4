import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { endOverdueChildren } from "./overdue-children.ts";

test("a child in an endless loop is ended when it is overdue, and not before", async () => {
  const child = spawn(process.execPath, ["-e", "process.stdout.write('on'); for (;;);"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const ended = once(child, "exit");
  await once(child.stdout, "data");
  assert.deepEqual(endOverdueChildren(process.pid, 3_600_000), []);
  assert.equal(child.exitCode, null);
  assert.match(endOverdueChildren(process.pid, 0).join("\n"), /for \(;;\)/);
  assert.deepEqual(await ended, [null, "SIGKILL"]);
});
