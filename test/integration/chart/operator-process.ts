import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { release } from "../../chart/render.ts";
import type { ControlPlane } from "../../cluster/control-plane.ts";
import { repositoryDirectory } from "../../cluster/directories.ts";

/** Starts the operator with the rights that the chart gives it, and stops it when the test ends. */
export async function startOperator(
  t: TestContext,
  plane: ControlPlane,
  options: { readonly name: string; readonly directory: string },
): Promise<{ readonly stop: () => Promise<void> }> {
  const { stdout: token } = await plane.kubectl(["create", "token", "slipway-operator", "-n", release.namespace]);
  const kubeconfig = join(options.directory, `${options.name}.kubeconfig`);
  await writeFile(kubeconfig, JSON.stringify(kubeconfigOf(plane, token.trim())), { mode: 0o600 });
  const flags = ["--server-image=registry.example.com/server:1", "--http-port=0", "--log-level=warn"];
  const child = spawn(
    process.execPath,
    [join(repositoryDirectory, "operator", "main.ts"), ...flags, `--kubeconfig=${kubeconfig}`],
    {
      env: { ...process.env, POD_NAMESPACE: release.namespace, POD_NAME: options.name },
      stdio: ["ignore", "inherit", "inherit"],
    },
  );
  const ended = once(child, "exit");
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await ended;
  };
  t.after(stop);
  return { stop };
}

function kubeconfigOf(plane: ControlPlane, token: string): object {
  const authority = Buffer.from(plane.caPem).toString("base64");
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "test", cluster: { server: plane.server, "certificate-authority-data": authority } }],
    users: [{ name: "operator", user: { token } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "operator" } }],
    "current-context": "test",
  };
}
