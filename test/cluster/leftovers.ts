import { existsSync } from "node:fs";
import { clusterProcesses } from "./cluster-processes.ts";
import { stateDirectory } from "./directories.ts";
import { mountsBelow } from "./mounts.ts";
import { nodeNames } from "./node/addresses.ts";
import { existingCgroups } from "./node/cgroups.ts";
import { strayFiles } from "./remove-cluster.ts";

/** Everything on this machine that belongs to the cluster of this name, one line each; empty after `down`. */
export async function leftovers(name: string): Promise<string[]> {
  const names = nodeNames(name);
  const directory = stateDirectory(name);
  const networkInterface = `/sys/class/net/${names.hostInterface}`;
  return [
    ...clusterProcesses(name, names.cgroup).map((each) => `process ${each.pid} ${each.name}`),
    ...mountsBelow(directory).map((each) => `mount ${each}`),
    ...[names.networkNamespaceFile].filter((each) => existsSync(each)).map((each) => `network namespace ${each}`),
    ...[networkInterface].filter((each) => existsSync(each)).map(() => `interface ${names.hostInterface}`),
    ...(await existingCgroups(names.cgroup)).map((each) => `cgroup ${each}`),
    ...[directory, ...(await strayFiles(name))].filter((each) => existsSync(each)).map((each) => `file ${each}`),
  ];
}
