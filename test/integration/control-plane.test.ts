import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { getAsAdmin } from "../cluster/api-probe.ts";
import { CommandError } from "../cluster/command.ts";
import { type ControlPlane, startControlPlane } from "../cluster/control-plane.ts";
import { memoryDirectory } from "../cluster/directories.ts";
import { kubernetesVersion } from "../cluster/kubernetes-module.ts";
import { waitFor } from "../cluster/wait.ts";

describe("a control plane of its own", () => {
  let plane: ControlPlane;
  before(async () => {
    plane = await startControlPlane({ controllerManager: true });
  });
  after(() => plane.stop());

  test("is of the version that was asked for", async () => {
    const { stdout } = await plane.kubectl(["get", "--raw", "/version"]);
    assert.equal((JSON.parse(stdout) as { gitVersion: string }).gitVersion, kubernetesVersion());
  });

  test("runs controllers: a Deployment gets its pods", async () => {
    await plane.kubectl(["create", "deployment", "web", "--image=none", "--replicas=2"]);
    await plane.kubectl(["wait", "deployment/web", "--for=jsonpath={.status.replicas}=2", "--timeout=30s"]);
    const { stdout } = await plane.kubectl(["get", "pods", "-l", "app=web", "-o", "name"]);
    assert.equal(stdout.trim().split("\n").length, 2);
  });

  test("keeps what was written over a crash and over a restart of its API server, under the same address", async () => {
    await plane.kubectl(["create", "configmap", "kept", "--from-literal=key=value"]);
    for (const how of ["kill", "politely"] as const) {
      await plane.restartApiServer(how);
      const { stdout } = await plane.kubectl(["get", "configmap", "kept", "-o", "jsonpath={.data.key}"]);
      assert.equal(stdout, "value");
    }
  });

  test("answers nothing while it is stopped or frozen, and goes on afterwards", async () => {
    const get = (...flags: readonly string[]) => plane.kubectl(["get", "namespace", "default", ...flags]);
    const impatiently = () => get("--request-timeout=1s");
    await plane.stopApiServer();
    await assert.rejects(impatiently, CommandError);
    await plane.startApiServer();
    await get();
    plane.pauseApiServer();
    await assert.rejects(impatiently, CommandError);
    plane.resumeApiServer();
    await get();
  });

  test("knows its admin by token and by certificate, and nobody else", async () => {
    const url = `${plane.server}/api/v1/namespaces/default`;
    assert.match(await getAsAdmin(url, plane), /"name":"default"/);
    await assert.rejects(getAsAdmin(url, { ...plane, token: "guessed" }), /401/);
  });
});

test("a second control plane of the same process is apart from the first", async () => {
  const planes = await Promise.all([startControlPlane(), startControlPlane()]);
  try {
    const [first, second] = planes;
    await first.kubectl(["create", "configmap", "mine"]);
    await assert.rejects(second.kubectl(["get", "configmap", "mine"]), /NotFound/);
  } finally {
    await Promise.all(planes.map((plane) => plane.stop()));
  }
});

test("nothing survives the process that started it, even when that is killed", async () => {
  const code = `
    const { startControlPlane } = await import(${JSON.stringify(join(import.meta.dirname, "..", "cluster", "control-plane.ts"))});
    const plane = await startControlPlane();
    console.log(JSON.stringify({ server: plane.server, caPem: plane.caPem, token: plane.token }));
    setInterval(() => undefined, 1000);`;
  const owner = spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(owner, "exit");
  const [line] = (await once(createInterface(owner.stdout), "line")) as [string];
  const plane = JSON.parse(line) as Pick<ControlPlane, "server" | "caPem" | "token">;
  await getAsAdmin(`${plane.server}/readyz`, plane);
  owner.kill("SIGKILL");
  await exited;

  const refused = () =>
    assert.rejects(getAsAdmin(`${plane.server}/readyz`, plane), { code: "ECONNREFUSED" }, "it still answers");
  await waitFor("the API server of a killed process to be gone", refused, { timeoutMilliseconds: 60_000 });

  // The next control plane on this machine removes the files that the killed one left.
  await (await startControlPlane()).stop();
  const folders = await readdir(memoryDirectory());
  assert.deepEqual(
    folders.filter((folder) => folder.startsWith(`${owner.pid}-`)),
    [],
  );
});
