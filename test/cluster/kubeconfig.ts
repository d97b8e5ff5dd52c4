import { writeFile } from "node:fs/promises";
import type { KeyPair } from "./certificates.ts";

/** Writes a kubeconfig that names its files, so that it holds no secret itself; JSON is YAML, too. */
export async function writeKubeconfig(
  file: string,
  connection: { readonly server: string; readonly authority: string; readonly client: KeyPair },
): Promise<string> {
  const { server, authority, client } = connection;
  const name = "slipway";
  const configuration = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { server, "certificate-authority": authority } }],
    users: [{ name, user: { "client-certificate": client.certificate, "client-key": client.key } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    "current-context": name,
  };
  await writeFile(file, `${JSON.stringify(configuration, null, 2)}\n`, { mode: 0o600 });
  return file;
}
