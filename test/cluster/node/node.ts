import { type CommandOptions, type CommandOutput, run } from "../command.ts";
import { readLedger } from "../ledger.ts";
import { type Report, silent } from "../report.ts";
import { unpackTools } from "../tools.ts";
import { defaultNodeName, nodeNames } from "./addresses.ts";
import { inNetwork } from "./network.ts";
import { parseTraffic, type Traffic } from "./sink.ts";
import { bringNodeUp } from "./up.ts";

export type NodeOptions = { readonly name?: string; readonly report?: Report };

/** A running one-node Kubernetes and how to work with it. */
export type RunningNode = {
  readonly name: string;
  readonly server: string;
  readonly adminKubeconfigPath: string;
  readonly nodeAddress: string;
  /** HOST:PORT, plain HTTP, the same for host, kubelet and pods. */
  readonly registryAddress: string;
  /** Runs kubectl as admin from the host. */
  kubectl(parameters: readonly string[], options?: Pick<CommandOptions, "input">): Promise<CommandOutput>;
  /** Runs helm as admin from the host. */
  helm(parameters: readonly string[], options?: Pick<CommandOptions, "input">): Promise<CommandOutput>;
  /** Runs a command inside the node's network, where pods and Services are reached by their addresses. */
  inNode(command: string, ...parameters: string[]): Promise<CommandOutput>;
  /**
   * By source address: packets that took the way out, name look-ups, connections opened. They only grow; an address
   * that is missing has sent nothing. A pod's address may have been another pod's before: compare with a reading
   * from before the pod started.
   */
  sinkCounters(): Promise<ReadonlyMap<string, Traffic>>;
};

/** Brings the full node up, or takes the one that is up. */
export async function upNode(options: NodeOptions = {}): Promise<RunningNode> {
  const name = options.name ?? defaultNodeName;
  await bringNodeUp(name, options.report ?? silent);
  return await runningNode(name);
}

/** The node that is up; throws when there is none. */
export async function runningNode(name = defaultNodeName): Promise<RunningNode> {
  const ledger = readLedger(name);
  const { server, adminKubeconfigPath } = ledger ?? {};
  if (!ledger?.complete || server === undefined || adminKubeconfigPath === undefined) {
    throw new Error(`cluster ${name} is not up: run \`make cluster\``);
  }
  const tools = await unpackTools();
  const names = nodeNames(name);
  const environment = { KUBECONFIG: adminKubeconfigPath };
  return {
    name,
    server,
    adminKubeconfigPath,
    nodeAddress: names.nodeAddress,
    registryAddress: names.registryAddress,
    kubectl: (parameters, commandOptions) => run(tools.kubectl, parameters, { ...commandOptions, environment }),
    helm: (parameters, commandOptions) => run(tools.helm, parameters, { ...commandOptions, environment }),
    inNode: (command, ...parameters) => inNetwork(names, command, parameters),
    sinkCounters: async () => parseTraffic((await inNetwork(names, "ipset", ["save"])).stdout),
  };
}
