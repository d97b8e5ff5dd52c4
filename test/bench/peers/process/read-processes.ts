import { readdirSync, readFileSync } from "node:fs";
import { parseBusyMs, parseProcessStat, type ProcessStat, treeOf } from "./process-stat.ts";

/** Every process of the machine that can be read. */
function readProcesses(): ReadonlyMap<number, ProcessStat> {
  const found = new Map<number, ProcessStat>();
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    const text = Number.isInteger(pid) ? read(`/proc/${pid}/stat`) : undefined;
    if (text !== undefined) found.set(pid, parseProcessStat(text));
  }
  return found;
}

/** Of the tree of processes below a pid, those that still run. */
export function runningTree(root: number): readonly number[] {
  const processes = readProcesses();
  return treeOf(root, processes).filter((pid) => processes.get(pid)?.state !== "Z");
}

/** Processor time of the whole tree since it began, in ms; what ended and was waited for within the tree is part of it. */
export function treeCpuMs(root: number): number {
  const processes = readProcesses();
  return treeOf(root, processes).reduce((sum, pid) => {
    const stat = processes.get(pid);
    return sum + (stat === undefined ? 0 : stat.cpuMs + stat.childrenCpuMs);
  }, 0);
}

/** Memory of the whole tree, each shared page counted once over all who share it (Pss of smaps_rollup). */
export function treePssMebibytes(root: number): number {
  const kibibytes = runningTree(root).map((pid) =>
    Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`) ?? "")?.[1] ?? 0),
  );
  return kibibytes.reduce((sum, size) => sum + size, 0) / 1024;
}

/** Processor time, in ms, of the machine and of this process with the load generators that it has run. */
export interface MachineTime {
  readonly busyMs: number;
  readonly ownMs: number;
}

export function machineTime(): MachineTime {
  const { cpuMs, childrenCpuMs } = parseProcessStat(read("/proc/self/stat") ?? "");
  return { busyMs: parseBusyMs(read("/proc/stat") ?? ""), ownMs: cpuMs + childrenCpuMs };
}

/** Undefined when it has gone, or is nobody else's business. */
function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
