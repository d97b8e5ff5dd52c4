import { join } from "node:path";
import type { KeyPair } from "../certificates.ts";
import { dnsAddress, type NodeNames, podNetwork } from "./addresses.ts";
import type { RuntimePaths } from "./runtime-configuration.ts";

/** KubeletConfiguration, kubelet.config.k8s.io/v1beta1. */
export function kubeletConfiguration(
  directory: string,
  names: NodeNames,
  runtime: RuntimePaths,
  authority: KeyPair,
  serving: KeyPair,
): object {
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    address: names.nodeAddress,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: authority.certificate },
    },
    authorization: { mode: "Webhook" },
    tlsCertFile: serving.certificate,
    tlsPrivateKeyFile: serving.key,
    clusterDomain: "cluster.local",
    clusterDNS: [dnsAddress],
    resolvConf: join(directory, "resolv.conf"),
    containerRuntimeEndpoint: `unix://${runtime.socket}`,
    cgroupDriver: "cgroupfs",
    cgroupRoot: `/${names.cgroup}`,
    failCgroupV1: false,
    failSwapOn: false,
    // The machine is shared: its disk may be full and its memory busy for reasons that are not ours.
    imageGCHighThresholdPercent: 100,
    evictionHard: { "memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%" },
    serializeImagePulls: false,
    podLogsDir: join(directory, "pod-logs"),
    volumePluginDir: join(directory, "volume-plugins"),
    // Lowering its own score needs a capability that root in a container lacks.
    oomScoreAdj: 0,
  };
}

export function kubeletArguments(name: string, names: NodeNames, directory: string, kubeconfig: string): string[] {
  return [
    `--config=${join(directory, "kubelet.json")}`,
    `--kubeconfig=${kubeconfig}`,
    `--root-dir=${join(directory, "kubelet")}`,
    `--cert-dir=${join(directory, "kubelet", "pki")}`,
    `--hostname-override=${name}`,
    `--node-ip=${names.nodeAddress}`,
  ];
}

/** KubeProxyConfiguration, kubeproxy.config.k8s.io/v1alpha1. */
export function proxyConfiguration(name: string, { nodeAddress }: NodeNames, kubeconfig: string): object {
  return {
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    mode: "iptables",
    hostnameOverride: name,
    clientConnection: { kubeconfig },
    clusterCIDR: podNetwork,
    bindAddress: nodeAddress,
    healthzBindAddress: `${nodeAddress}:10256`,
    metricsBindAddress: `${nodeAddress}:10249`,
    // The table of tracked connections is the machine's, not ours to size.
    conntrack: { maxPerCore: 0, min: 0 },
    oomScoreAdj: 0,
  };
}
