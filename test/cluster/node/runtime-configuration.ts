import { join } from "node:path";
import { type NodeNames, podNetwork, registryName } from "./addresses.ts";
import { sandboxImage } from "./sandbox-image.ts";

/** Where the container runtime keeps its things, all below the cluster's state directory. */
export type RuntimePaths = {
  readonly root: string;
  readonly configuration: string;
  readonly socket: string;
  readonly certs: string;
  readonly network: string;
};

export function runtimePaths(directory: string): RuntimePaths {
  const root = join(directory, "containerd");
  return {
    root,
    configuration: join(root, "config.toml"),
    socket: join(root, "containerd.sock"),
    certs: join(root, "certs.d"),
    network: join(root, "cni"),
  };
}

/** containerd's configuration, version 3 (containerd docs, cri/config.md). */
export function containerdConfiguration(paths: RuntimePaths, runc: string): string {
  return `version = 3
root = ${text(join(paths.root, "data"))}
state = ${text(join(paths.root, "state"))}
imports = []
disabled_plugins = ["io.containerd.nri.v1.nri"]

[grpc]
  address = ${text(paths.socket)}

[plugins.'io.containerd.internal.v1.opt']
  path = ${text(join(paths.root, "opt"))}

[plugins.'io.containerd.shim.v1.manager']
  socket_dir = ${text(join(paths.root, "s"))}

[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = ${text(sandboxImage)}

[plugins.'io.containerd.cri.v1.images'.registry]
  config_path = ${text(paths.certs)}

[plugins.'io.containerd.cri.v1.runtime']
  # Lowering a score needs a capability that root in a container lacks; without this no sandbox starts there.
  restrict_oom_score_adj = true
  # The namespaces of pods go with the state directory instead of staying behind under /run.
  netns_mounts_under_state_dir = true

[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = ["/usr/lib/cni"]
  conf_dir = ${text(join(paths.network, "net.d"))}
  # The plugin for it would leave a file of each pod under /var/lib/cni.
  use_internal_loopback = true

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
  BinaryName = ${text(runc)}
  Root = ${text(join(paths.root, "runc"))}
  SystemdCgroup = false
`;
}

/**
 * One veth pair a pod and plain routes, no bridge: every packet between pods passes the node's own tables, so a
 * Service redirects it and the counters see it without bridge netfilter.
 */
export function networkConfiguration({ podNetworkName }: NodeNames, paths: RuntimePaths): object {
  const ipam = {
    type: "host-local",
    dataDir: join(paths.network, "addresses"),
    ranges: [[{ subnet: podNetwork }]],
    routes: [{ dst: "0.0.0.0/0" }],
  };
  return {
    cniVersion: "1.0.0",
    name: podNetworkName,
    plugins: [
      { type: "ptp", ipam },
      { type: "portmap", capabilities: { portMappings: true } },
    ],
  };
}

/** containerd's hosts.toml of each name that the in-cluster registry goes by: plain HTTP to the node address. */
export function registryHosts({ registryAddress }: NodeNames): { readonly host: string; readonly content: string }[] {
  const url = `http://${registryAddress}`;
  const content = `server = "${url}"\n\n[host."${url}"]\n  capabilities = ["pull", "resolve"]\n`;
  return [registryAddress, registryName].map((host) => ({ host, content }));
}

/** The kubelet's view of the host's resolv.conf: a name server that is ours, for pods that ask for the node's. */
export function resolverConfiguration({ nodeAddress }: NodeNames): string {
  return `nameserver ${nodeAddress}\n`;
}

/** A TOML string: JSON's escapes are TOML's. */
function text(value: string): string {
  return JSON.stringify(value);
}
