import { writeFile } from "node:fs/promises";
import type { ControlPlane } from "./control-plane.ts";

/** Writes a kubeconfig with a token of a service account, as a pod of that account would have it. */
export async function writeAccountKubeconfig(
  file: string,
  plane: ControlPlane,
  account: { readonly namespace: string; readonly name: string },
): Promise<string> {
  const { stdout } = await plane.kubectl(["create", "token", account.name, "-n", account.namespace]);
  const authority = Buffer.from(plane.caPem).toString("base64");
  const name = "slipway";
  const configuration = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { server: plane.server, "certificate-authority-data": authority } }],
    users: [{ name, user: { token: stdout.trim() } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    "current-context": name,
  };
  await writeFile(file, JSON.stringify(configuration), { mode: 0o600 });
  return file;
}
