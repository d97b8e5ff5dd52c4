import { endedProcesses, readLedger } from "./ledger.ts";
import { leftovers } from "./leftovers.ts";

export type ClusterStatus = {
  readonly name: string;
  /** `partial`: `up` did not come to its end, or a process of it has ended since. */
  readonly state: "absent" | "partial" | "up";
  readonly running: readonly string[];
  readonly ended: readonly string[];
  readonly server?: string;
  readonly adminKubeconfigPath?: string;
};

export async function clusterStatus(name: string): Promise<ClusterStatus> {
  const ledger = readLedger(name);
  if (!ledger) {
    const left = await leftovers(name);
    return { name, state: left.length > 0 ? "partial" : "absent", running: [], ended: [] };
  }
  const ended = new Set(endedProcesses(ledger));
  const { server, adminKubeconfigPath } = ledger;
  return {
    name,
    state: ledger.complete && ended.size === 0 ? "up" : "partial",
    running: ledger.processes.filter((each) => !ended.has(each)).map((each) => each.name),
    ended: [...ended].map((each) => each.name),
    ...(server === undefined ? {} : { server }),
    ...(adminKubeconfigPath === undefined ? {} : { adminKubeconfigPath }),
  };
}
