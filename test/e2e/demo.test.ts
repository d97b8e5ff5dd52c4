import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "../cluster/command.ts";
import { repositoryDirectory } from "../cluster/directories.ts";

/** With nothing in the caches Kubernetes itself is built. */
const timeoutMilliseconds = 60 * 60_000;

/** Whoever reads it fails: the demo's own cluster is none of the user's. */
const usersKubeconfig = "neither: {YAML";

test("the demo leads from nothing to a change of version under load without a failed request", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "slipway-demo-test-"));
  t.after(() => rm(directory, { recursive: true }));
  const kubeconfig = join(directory, "kubeconfig");
  await writeFile(kubeconfig, usersKubeconfig);
  const { stdout } = await run(process.execPath, [join(repositoryDirectory, "demo", "main.ts")], {
    environment: { KUBECONFIG: kubeconfig },
    timeoutMilliseconds,
  });
  t.diagnostic(stdout);
  assert.match(stdout, /platform\.png: 0 degrees, probability (0\.9|1\.0)/);
  assert.match(stdout, /platform\.png upside down: 180 degrees, probability (0\.9|1\.0)/);
  const [, sent, v1, v2] = /^(\d+) requests sent, 0 failed, answered by v1: (\d+), v2: (\d+)$/m.exec(stdout) ?? [];
  assert.ok(Number(v1) > 0 && Number(v2) > 0);
  assert.equal(Number(sent), Number(v1) + Number(v2));
});
