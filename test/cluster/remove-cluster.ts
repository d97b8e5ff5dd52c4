import { existsSync } from "node:fs";
import { readdir, readlink, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { clusterProcesses } from "./cluster-processes.ts";
import { run } from "./command.ts";
import { stateDirectory } from "./directories.ts";
import { readLedger } from "./ledger.ts";
import { unmountBelow } from "./mounts.ts";
import { type StartedProcess, stopProcess } from "./processes.ts";
import { nodeNames } from "./node/addresses.ts";
import { removeCgroups } from "./node/cgroups.ts";
import { restoreKernelSettings } from "./node/kernel-settings.ts";

/** These would bring back what is being taken away. */
const first = ["kubelet", "kube-controller-manager", "kube-scheduler"];
/** etcd last: an API server whose etcd is gone holds its port for minutes. */
const last = ["kube-apiserver", "etcd"];

/** Each round finds what the one before had started just before it was ended. */
const rounds = 5;

/**
 * Removes everything that the cluster consists of, however far it got: processes, mounts, network namespace,
 * interface, cgroups, files. Nothing is asked to leave politely: pods' own farewells have no one to reach.
 */
export async function removeCluster(name: string): Promise<void> {
  const names = nodeNames(name);
  const directory = stateDirectory(name);
  const ledger = readLedger(name);

  for (let round = 0; round < rounds; round++) {
    const found = clusterProcesses(name, names.cgroup);
    if (found.length === 0) break;
    for (const each of inStopOrder(found)) await stopProcess(each, 0);
  }
  await unmountBelow(directory);
  if (existsSync(`/sys/class/net/${names.hostInterface}`)) await run("ip", ["link", "delete", names.hostInterface]);
  if (existsSync(names.networkNamespaceFile)) await run("ip", ["netns", "delete", names.networkNamespace]);
  await removeCgroups(names.cgroup);
  for (const file of await strayFiles(name)) await rm(file, { force: true });
  if (ledger) {
    await restoreKernelSettings(ledger.kernelSettings);
    // Only while nobody else has put something there.
    for (const folder of ledger.foreignFolders.toReversed()) await rmdir(folder).catch(() => undefined);
  }
  await rm(directory, { recursive: true, force: true });
}

function inStopOrder(found: readonly StartedProcess[]): StartedProcess[] {
  return found.toSorted((a, b) => stopRank(a.name) - stopRank(b.name));
}

function stopRank(name: string): number {
  // The kernel cuts a process's name to 15 characters.
  const place = (list: readonly string[]) => list.findIndex((long) => long.slice(0, 15) === name);
  return place(first) >= 0 ? -1 : place(last) + 1;
}

/** Files that kubelet and network plugins keep in places of their own, whatever they are told. */
export async function strayFiles(name: string): Promise<string[]> {
  const logs = "/var/log/containers";
  const links = (await readdir(logs).catch(() => [])).map((entry) => join(logs, entry));
  const targets = await Promise.all(links.map((link) => readlink(link).catch(() => "")));
  const ours = links.filter((_, index) => targets[index]?.startsWith(`${stateDirectory(name)}/`));
  const results = "/var/lib/cni/results";
  const cached = (await readdir(results).catch(() => [])).filter((entry) =>
    entry.startsWith(`${nodeNames(name).podNetworkName}-`),
  );
  return [...ours, ...cached.map((entry) => join(results, entry))];
}
