import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createAuthority, createTokenKey, issueCertificate, type KeyPair, readPair } from "./certificates.ts";
import type { ControlPlaneSettings } from "./control-plane-arguments.ts";
import { writeKubeconfig } from "./kubeconfig.ts";

export type Endpoint = {
  readonly address: string;
  readonly apiPort: number;
  readonly etcdPort: number;
  readonly etcdPeerPort: number;
};

/** Credentials of the user `admin`, member of system:masters, in each form that a client may want. */
export type AdminCredentials = {
  readonly caPem: string;
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly token: string;
};

export type ControlPlaneFiles = {
  readonly settings: ControlPlaneSettings;
  readonly server: string;
  readonly kubeconfigs: { readonly admin: string; readonly controllerManager: string; readonly scheduler: string };
  readonly admin: AdminCredentials;
};

/** Writes certificates, keys and kubeconfigs of a new control plane below the directory. */
export async function writeControlPlaneFiles(
  directory: string,
  endpoint: Endpoint,
  options: { readonly publishesItself: boolean },
): Promise<ControlPlaneFiles> {
  const pki = join(directory, "pki");
  const server = `https://${endpoint.address}:${endpoint.apiPort}`;
  const [authority, frontProxyAuthority, tokenKey] = await Promise.all([
    createAuthority(pki, "ca"),
    createAuthority(pki, "front-proxy-ca"),
    createTokenKey(pki, "service-account"),
  ]);
  const hosts = [endpoint.address, "10.96.0.1", "localhost", "kubernetes", "kubernetes.default.svc"];
  const [apiServer, kubeletClient, frontProxyClient] = await Promise.all([
    issueCertificate(pki, "kube-apiserver", authority, { commonName: "kube-apiserver", hosts }),
    issueCertificate(pki, "kubelet-client", authority, {
      commonName: "kube-apiserver",
      organization: "system:masters",
    }),
    issueCertificate(pki, "front-proxy-client", frontProxyAuthority, { commonName: "front-proxy-client" }),
  ]);
  const [admin, controllerManager, scheduler] = await Promise.all([
    writeClient(directory, server, authority, "admin", "admin", "system:masters"),
    writeClient(directory, server, authority, "controller-manager", "system:kube-controller-manager"),
    writeClient(directory, server, authority, "scheduler", "system:kube-scheduler"),
  ]);

  const token = randomBytes(16).toString("hex");
  const tokenFile = join(pki, "tokens.csv");
  await writeFile(tokenFile, `${token},admin,admin,system:masters\n`, { mode: 0o600 });
  const dataDirectory = join(directory, "etcd");
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 });

  const caPem = await readFile(authority.certificate, "utf8");
  return {
    settings: {
      ...endpoint,
      ...options,
      dataDirectory,
      authority,
      apiServer,
      kubeletClient,
      frontProxyAuthority,
      frontProxyClient,
      tokenKey,
      tokenFile,
    },
    server,
    kubeconfigs: {
      admin: admin.kubeconfig,
      controllerManager: controllerManager.kubeconfig,
      scheduler: scheduler.kubeconfig,
    },
    admin: { ...(await readPair(admin.pair)), caPem, token },
  };
}

/** A client certificate of the user, and a kubeconfig NAME.kubeconfig that uses it. */
export async function writeClient(
  directory: string,
  server: string,
  authority: KeyPair,
  name: string,
  commonName: string,
  organization?: string,
): Promise<{ readonly pair: KeyPair; readonly kubeconfig: string }> {
  const subject = { commonName, ...(organization === undefined ? {} : { organization }) };
  const pair = await issueCertificate(join(directory, "pki"), name, authority, subject);
  const file = join(directory, `${name}.kubeconfig`);
  return { pair, kubeconfig: await writeKubeconfig(file, { server, authority: authority.certificate, client: pair }) };
}
