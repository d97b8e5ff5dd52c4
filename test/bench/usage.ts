import { readFileSync } from "node:fs";

export interface Usage {
  /** Processor time since the process began, to 10 ms (proc_pid_stat(5), utime and stime). */
  readonly cpuMs: number;
  /** Resident memory now. */
  readonly memoryMebibytes: number;
}

const ticksPerSecond = 100;

/** Of a process and of those that it has started, together. Undefined when there is no such process. */
export function usageOfTree(pid: number): Usage | undefined {
  const own = usageOf(pid);
  if (own === undefined) return undefined;
  return childrenOf(pid)
    .flatMap((child) => usageOfTree(child) ?? [])
    .reduce(
      (sum, { cpuMs, memoryMebibytes }) => ({
        cpuMs: sum.cpuMs + cpuMs,
        memoryMebibytes: sum.memoryMebibytes + memoryMebibytes,
      }),
      own,
    );
}

function childrenOf(pid: number): readonly number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** Undefined when there is no such process. */
export function usageOf(pid: number): Usage | undefined {
  let stat: string;
  let status: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    status = readFileSync(`/proc/${pid}/status`, "utf8");
  } catch {
    return undefined;
  }
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  const resident = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0);
  return { cpuMs: (ticks * 1000) / ticksPerSecond, memoryMebibytes: Math.round(resident / 1024) };
}
