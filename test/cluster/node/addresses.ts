import { createHash } from "node:crypto";

/** The name of the node unless another one is asked for. */
export const defaultNodeName = "slipway";

/** On-link network of the bridge that the default route leads to; nothing is on it. */
export const sinkAddress = "10.98.0.1";
export const sinkGateway = "10.98.0.2";
export const sinkInterface = "sink0";

export const podNetwork = "10.244.0.0/16";
export const dnsAddress = "10.96.0.10";

export const registryPort = 5000;
/** The registry under the name that pods resolve. */
export const registryName = `registry.kube-system.svc.cluster.local:${registryPort}`;

export const metricsServerPort = 4443;

/** What the node of a name calls its things and where it is reached. */
export type NodeNames = {
  /** Network namespace, as `ip netns` lists it, and the file that nsenter takes. */
  readonly networkNamespace: string;
  readonly networkNamespaceFile: string;
  readonly hostInterface: string;
  readonly nodeInterface: string;
  /** Parent of every cgroup of a pod, in each hierarchy. */
  readonly cgroup: string;
  /** Name of the pod network; its files elsewhere begin with it. */
  readonly podNetworkName: string;
  /** Both ends of the veth pair, in a /24 of which the host sees nothing else. */
  readonly hostAddress: string;
  readonly nodeAddress: string;
  /** The registry as everybody on the machine reaches it: host, kubelet and pods. */
  readonly registryAddress: string;
};

/** Follows from the name alone, so that `down` finds everything without a record. */
export function nodeNames(name: string): NodeNames {
  const network = `10.99.${nodeNumber(name)}`;
  return {
    networkNamespace: name,
    networkNamespaceFile: `/run/netns/${name}`,
    hostInterface: `${name}0`,
    nodeInterface: "node0",
    cgroup: name,
    podNetworkName: `${name}.pods`,
    hostAddress: `${network}.1`,
    nodeAddress: `${network}.2`,
    registryAddress: `${network}.2:${registryPort}`,
  };
}

/** The addresses of the default node. */
export const { nodeAddress, registryAddress } = nodeNames(defaultNodeName);

/** 0 for the node that people use, 1 to 255 for others that run beside it. */
function nodeNumber(name: string): number {
  if (name === defaultNodeName) return 0;
  const [first = 0] = createHash("sha256").update(name).digest();
  return 1 + (first % 255);
}

/** Interface names have at most 15 characters (IFNAMSIZ), one of which is the digit. */
const clusterNamePattern = /^[a-z][a-z0-9-]{0,13}$/;

export function checkClusterName(name: string): void {
  if (!clusterNamePattern.test(name)) {
    throw new Error(`cluster name ${JSON.stringify(name)}: use at most 14 of a-z, 0-9 and -, beginning with a letter`);
  }
}
