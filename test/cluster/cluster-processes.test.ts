import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { clusterProcesses, inCgroup } from "./cluster-processes.ts";
import { clusterVariable } from "./ledger.ts";

test("a process is found by its mark, and so are its children whatever their environment", async () => {
  const name = `unit-${process.pid}`;
  const script = "env -i sleep 60 & echo started; wait";
  const marked = spawn("sh", ["-c", script], {
    env: { ...process.env, [clusterVariable]: name },
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  await once(marked.stdout, "data");
  try {
    const found = clusterProcesses(name, "no-such-cgroup");
    assert.ok(found.some((each) => each.pid === marked.pid));
    assert.equal(found.length, 2);
    assert.deepEqual(clusterProcesses(`${name}-other`, "no-such-cgroup"), []);
  } finally {
    const exited = once(marked, "exit");
    process.kill(-(marked.pid ?? 0), "SIGKILL");
    await exited;
  }
});

test("a cgroup is the cluster's if it is its own or below, not if its name only begins alike", () => {
  assert.ok(inCgroup("4:memory:/slipway/kubepods/pod1\n1:cpu:/", "slipway"));
  assert.ok(inCgroup("0::/slipway", "slipway"));
  assert.ok(!inCgroup("0::/slipway-second/kubepods", "slipway"));
  assert.ok(!inCgroup("0::/user/slipway", "slipway"));
});
