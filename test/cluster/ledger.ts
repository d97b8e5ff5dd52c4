import { existsSync, readFileSync } from "node:fs";
import { mkdir, open, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stateDirectory, stateRoot } from "./directories.ts";
import { isRunning, readStat, type StartedProcess } from "./processes.ts";
import type { Report } from "./report.ts";

/**
 * What a detached cluster consists of, written down as it comes into being. Mounts, namespaces and interfaces are
 * not in it: their names follow from the cluster's, so they are found even if the record was lost.
 */
export type Ledger = {
  readonly name: string;
  readonly kind: "control-plane" | "node";
  /** Whether `up` came to its end. */
  readonly complete: boolean;
  readonly processes: readonly StartedProcess[];
  /** Kernel settings of the whole machine as they were before the kubelet changed them. */
  readonly kernelSettings: Readonly<Record<string, string>>;
  /** Folders outside the state directory that the node servers make, and that were not there before. */
  readonly foreignFolders: readonly string[];
  readonly server?: string;
  readonly adminKubeconfigPath?: string;
};

/** The record of a cluster that has nothing yet. */
export const emptyLedger = { complete: false, processes: [], kernelSettings: {}, foreignFolders: [] } as const;

/** Environment variable that marks every process of a cluster; children inherit it, pods do not. */
export const clusterVariable = "SLIPWAY_CLUSTER";

function ledgerFile(name: string): string {
  return join(stateDirectory(name), "cluster.json");
}

export function readLedger(name: string): Ledger | undefined {
  const file = ledgerFile(name);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Ledger) : undefined;
}

/** Whole or not at all: a reader never sees half a record. */
export async function writeLedger(ledger: Ledger): Promise<void> {
  const file = ledgerFile(ledger.name);
  await mkdir(stateDirectory(ledger.name), { recursive: true, mode: 0o700 });
  await writeFile(`${file}.new`, JSON.stringify(ledger, null, 2));
  await rename(`${file}.new`, file);
}

/** Recorded processes that no longer run. */
export function endedProcesses(ledger: Ledger): StartedProcess[] {
  return ledger.processes.filter((each) => !isRunning(each));
}

/** Whether `up` has nothing to do; says what it found. */
export function isUp(name: string, kind: Ledger["kind"], report: Report): boolean {
  const found = readLedger(name);
  if (!found) return false;
  const ended = endedProcesses(found).map((each) => each.name);
  if (!found.complete || ended.length > 0) {
    report(`cluster ${name} is ${found.complete ? `without ${ended.join(", ")}` : "half made"}: starting afresh`);
    return false;
  }
  if (found.kind !== kind) throw new Error(`cluster ${name} is up as a ${found.kind}: choose another --name`);
  report(`cluster ${name} is already up; using it`);
  return true;
}

/** Lets one `up` or `down` of a name work at a time; a lock whose holder died is taken over. */
export async function withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  await mkdir(stateRoot(), { recursive: true, mode: 0o700 });
  const file = join(stateRoot(), `${name}.lock`);
  const holder = { pid: process.pid, startTicks: readStat(process.pid)?.startTicks ?? 0 };
  await takeLock(file, holder).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
    const other = JSON.parse((await readFile(file, "utf8")) || "{}") as Partial<typeof holder>;
    if (isRunning({ pid: other.pid ?? 0, startTicks: other.startTicks ?? 0 })) {
      throw new Error(`cluster ${name} is being started or stopped by process ${other.pid}; wait for it`);
    }
    await rm(file, { force: true });
    await takeLock(file, holder);
  });
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
    // Nothing is left of the last cluster, not even the folder; another cluster's files keep it.
    await rmdir(stateRoot()).catch(() => undefined);
  }
}

async function takeLock(file: string, holder: object): Promise<void> {
  const handle = await open(file, "wx");
  await handle.writeFile(JSON.stringify(holder));
  await handle.close();
}
