/** What proc_pid_stat(5) tells of a process, as far as it is needed. Times in milliseconds. */
export interface ProcessStat {
  readonly state: string;
  readonly parent: number;
  readonly session: number;
  /** In user and kernel mode since it began. */
  readonly cpuMs: number;
  /** The same of its children that have ended and were waited for. */
  readonly childrenCpuMs: number;
}

/** USER_HZ, which Linux gives programs as 100 on every machine of ours. */
const msPerTick = 10;

/** The name of the program stands in parentheses and may hold anything, so fields count from the last of them. */
export function parseProcessStat(text: string): ProcessStat {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const at = (index: number): number => Number(fields[index] ?? Number.NaN);
  return {
    state: fields[0] ?? "",
    parent: at(1),
    session: at(3),
    cpuMs: (at(11) + at(12)) * msPerTick,
    childrenCpuMs: (at(13) + at(14)) * msPerTick,
  };
}

/** Milliseconds that the machine's processors were not idle, of the first line of /proc/stat; guests are part of user. */
export function parseBusyMs(text: string): number {
  const [, user = 0, nice = 0, system = 0, , , interrupts = 0, softInterrupts = 0, stolen = 0] =
    text.split("\n", 1)[0]?.split(/\s+/).map(Number) ?? [];
  return (user + nice + system + interrupts + softInterrupts + stolen) * msPerTick;
}

/**
 * The process, its descendants, and all of its session: a peer's workers may have lost their parent. Those that have
 * ended and wait to be told of count for their time, not as running.
 */
export function treeOf(root: number, processes: ReadonlyMap<number, ProcessStat>): readonly number[] {
  const found = new Set<number>(processes.has(root) ? [root] : []);
  for (const [pid, { session }] of processes) if (session === root) found.add(pid);
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const [pid, { parent }] of processes) if (found.has(parent)) found.add(pid);
  }
  return [...found];
}
