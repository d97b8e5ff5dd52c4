import { join } from "node:path";
import type { KeyPair } from "../certificates.ts";
import { metricsServerPort, type NodeNames } from "./addresses.ts";

/**
 * Corefile of the cluster's DNS. It answers for cluster.local and for nothing else: there is no forward plugin, and
 * behind it no name server. Every question is logged with who asked.
 */
export function corefile({ nodeAddress }: NodeNames, kubeconfig: string): string {
  return `.:53 {
    errors
    log . "{remote} {name} {type} {rcode}"
    ready ${nodeAddress}:8181
    cache 5
    kubernetes cluster.local in-addr.arpa {
        kubeconfig ${kubeconfig}
        ttl 5
    }
}
`;
}

export function metricsServerArguments(
  { nodeAddress }: NodeNames,
  directory: string,
  kubeconfig: string,
  authority: KeyPair,
  serving: KeyPair,
): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    `--bind-address=${nodeAddress}`,
    `--secure-port=${metricsServerPort}`,
    `--cert-dir=${join(directory, "pki")}`,
    `--tls-cert-file=${serving.certificate}`,
    `--tls-private-key-file=${serving.key}`,
    `--kubelet-certificate-authority=${authority.certificate}`,
    "--kubelet-preferred-address-types=InternalIP",
    // Must be longer than the request timeout, or it refuses to start.
    "--metric-resolution=10s",
    "--kubelet-request-timeout=5s",
  ];
}

/** Configuration of Debian's docker-registry (distribution 2.8); JSON is YAML, too. */
export function registryConfiguration({ registryAddress }: NodeNames, directory: string): object {
  return {
    version: "0.1",
    log: { level: "warn", accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: join(directory, "registry") },
      delete: { enabled: true },
      maintenance: { uploadpurging: { enabled: false } },
    },
    http: { addr: registryAddress },
  };
}
