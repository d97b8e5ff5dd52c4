import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { addModel } from "../../fixtures/models/arithmetic.ts";
import { startServer } from "./harness.ts";

test("a limit above what a cpuset leaves has a worker for each core that is left", async () => {
  const [, one = "0"] = /^Cpus_allowed_list:\s*(\d+)/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  // What this process starts may run there alone as well.
  execFileSync("taskset", ["--pid", "--cpu-list", one, String(process.pid)]);
  const server = await startServer({ files: { "model.onnx": addModel() }, variables: { SLIPWAY_CPU_LIMIT: "2" } });
  assert.equal(server.log().find(({ msg }) => msg === "listening")?.["workers"], 1);
  await server.stop();
});
