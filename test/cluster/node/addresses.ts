/** The full node exists once on a machine, so its addresses are constants; 10.99.0.0/24 is all that the host sees. */
export const hostAddress = "10.99.0.1";
export const nodeAddress = "10.99.0.2";
export const nodeNetwork = "10.99.0.0/24";

/** On-link network of the bridge that the default route leads to; nothing is on it. */
export const sinkAddress = "10.98.0.1";
export const sinkGateway = "10.98.0.2";
export const sinkNetwork = "10.98.0.0/24";
export const sinkInterface = "sink0";

export const podNetwork = "10.244.0.0/16";
export const dnsAddress = "10.96.0.10";

export const registryPort = 5000;
/** The registry as everybody on the machine reaches it: host, kubelet and pods. */
export const registryAddress = `${nodeAddress}:${registryPort}`;
/** The same registry under the name that pods resolve. */
export const registryName = `registry.kube-system.svc.cluster.local:${registryPort}`;

export const metricsServerPort = 4443;

export type NodeNames = {
  /** Network namespace, as `ip netns` lists it, and the file that nsenter takes. */
  readonly networkNamespace: string;
  readonly networkNamespaceFile: string;
  readonly hostInterface: string;
  readonly nodeInterface: string;
  /** Parent of every cgroup of a pod, in each hierarchy. */
  readonly cgroup: string;
};

/** What the node of this name calls its things; from the name alone, so that `down` finds them without a record. */
export function nodeNames(name: string): NodeNames {
  return {
    networkNamespace: name,
    networkNamespaceFile: `/run/netns/${name}`,
    hostInterface: `${name}0`,
    nodeInterface: "node0",
    cgroup: name,
  };
}

/** Interface names have at most 15 characters (IFNAMSIZ), one of which is the digit. */
const nodeNamePattern = /^[a-z][a-z0-9-]{0,13}$/;

export function checkNodeName(name: string): void {
  if (!nodeNamePattern.test(name)) {
    throw new Error(`cluster name ${JSON.stringify(name)}: use at most 14 of a-z, 0-9 and -, beginning with a letter`);
  }
}
