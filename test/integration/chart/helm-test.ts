import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { leastValues, type Manifest, only, render } from "../../chart/render.ts";
import { type CommandOutput, run } from "../../cluster/command.ts";
import type { ControlPlane } from "../../cluster/control-plane.ts";

type TestPod = Manifest & {
  readonly spec: { readonly containers: readonly [{ readonly command: string[]; readonly args: string[] }] };
};

/** Runs what the pod of `helm test` runs, once, with what a pod of the default account is given. */
export async function helmTest(
  plane: ControlPlane,
  {
    directory,
    operator,
    replicas = 1,
  }: { readonly directory: string; readonly operator: string; readonly replicas?: number },
): Promise<CommandOutput> {
  const { stdout: token } = await plane.kubectl(["create", "token", "default", "-n", "default"]);
  const credentials = join(directory, "credentials");
  await mkdir(credentials, { recursive: true });
  await writeFile(join(credentials, "token"), token, { mode: 0o600 });
  await writeFile(join(credentials, "ca.crt"), plane.caPem);
  const { hostname, port } = new URL(plane.server);
  const [container] = (only(await render(leastValues), "Pod") as TestPod).spec.containers;
  const [, ...flags] = container.command;
  const [script = ""] = container.args;
  return run(process.execPath, [...flags, script, credentials, operator, String(replicas), "0"], {
    environment: { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port },
    timeoutMilliseconds: 120_000,
  });
}
