import { type LoadReading } from "./load/load-reading.ts";
import { type Load, runLoad } from "./load/run-load.ts";
import { machineTime, treeCpuMs } from "./process/read-processes.ts";

/** One load, and what it cost. */
export interface WindowReading extends LoadReading {
  /** Processor time of the peer's whole tree for each request. */
  readonly cpuMs: number;
  /** Cores that neither the peer nor the load generator took. */
  readonly othersCores: number;
}

/** Too few answers say nothing: where a window has fewer than one for each connection, a longer one takes its place. */
const longer = 5;
const longestSeconds = 10;

export async function measureWindow(pid: number, load: Load): Promise<WindowReading> {
  const reading = await measureOnce(pid, load);
  if (reading.requests >= load.connections || load.seconds >= longestSeconds) return reading;
  return measureOnce(pid, { ...load, seconds: Math.min(longestSeconds, longer * load.seconds) });
}

async function measureOnce(pid: number, load: Load): Promise<WindowReading> {
  const begunMs = performance.now();
  const machine = machineTime();
  const cpuMs = treeCpuMs(pid);
  const reading = await runLoad(load);
  const spentMs = treeCpuMs(pid) - cpuMs;
  const { busyMs, ownMs } = machineTime();
  const othersMs = busyMs - machine.busyMs - spentMs - (ownMs - machine.ownMs);
  return {
    ...reading,
    cpuMs: spentMs / Math.max(1, reading.requests),
    othersCores: Math.max(0, othersMs) / (performance.now() - begunMs),
  };
}
