import { join } from "node:path";
import { serviceRange } from "../control-plane-arguments.ts";
import { stateDirectory } from "../directories.ts";
import { clusterVariable } from "../ledger.ts";
import { startTied, stopProcess } from "../processes.ts";
import { buildPrograms } from "../programs.ts";
import type { Report } from "../report.ts";
import { waitFor } from "../wait.ts";
import { nodeNames } from "./addresses.ts";
import type { RunningNode } from "./node.ts";

export type PolicyEngine = {
  /** Takes its rules away: every connection is let through again, as on a node that never had an engine. */
  stop(): Promise<void>;
};

const program = "kube-router";

/** Its first round takes a second on a quiet machine. */
const startTimeoutMilliseconds = 60_000;
/** It asks a few times for each of some hundred rules. */
const stopTimeoutMilliseconds = 20_000;

/** The last rule of a round: what a policy has let pass leaves kube-router's chain by it. */
const lastRule = "-A KUBE-ROUTER-FORWARD .*-m mark --mark 0x20000/0x20000 -j ACCEPT";

/**
 * Has the node's NetworkPolicies enforced, by the firewall of kube-router, until it is stopped or this process ends.
 * One engine at a time: whoever is second would fight over the rules with the first.
 */
export async function enforceNetworkPolicies(node: RunningNode, report: Report): Promise<PolicyEngine> {
  const programs = await buildPrograms([program], report);
  const directory = stateDirectory(node.name);
  const engine = startTied(
    {
      name: program,
      path: join(programs[program], program),
      parameters: [
        `--kubeconfig=${node.adminKubeconfigPath}`,
        `--node=${node.name}`,
        `--services=${serviceRange}`,
        "-v=1",
      ],
      logFile: join(directory, `${program}.log`),
      directory,
      environment: { [clusterVariable]: node.name },
    },
    // By this signal it tidies up.
    { networkNamespace: nodeNames(node.name).networkNamespaceFile, signal: "TERM" },
  );
  await waitFor(
    "NetworkPolicies in force",
    async () => {
      const { stdout } = await node.inNode("iptables", "-S", "KUBE-ROUTER-FORWARD");
      if (!new RegExp(lastRule).test(stdout)) throw new Error("its first round is not over");
    },
    { timeoutMilliseconds: startTimeoutMilliseconds, intervalMilliseconds: 100, processes: [engine] },
  );
  return { stop: () => stopProcess(engine, stopTimeoutMilliseconds) };
}
