import { readdirSync, readFileSync } from "node:fs";
import { clusterVariable } from "./ledger.ts";
import { readStat, type StartedProcess } from "./processes.ts";

/**
 * Every process of the cluster, recorded or not: those that carry its mark in their environment, their children
 * (the containers, whose environment is their own), and those in its cgroup.
 */
export function clusterProcesses(name: string, cgroup: string): StartedProcess[] {
  const mark = `${clusterVariable}=${name}`;
  const found = new Map<number, StartedProcess>();
  const children = new Map<number, number[]>();
  const add = (pid: number) => {
    const stat = readStat(pid);
    if (pid === process.pid || found.has(pid) || !stat || (stat.state === "Z" && stat.threads <= 1)) return;
    found.set(pid, { name: readProc(pid, "comm").trim(), pid, startTicks: stat.startTicks, logFile: "" });
    for (const child of children.get(pid) ?? []) add(child);
  };
  const pids = readdirSync("/proc").map(Number).filter(Number.isInteger);
  for (const pid of pids) {
    const parent = parentOf(pid);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  for (const pid of pids) {
    const marked = readProc(pid, "environ").split("\0").includes(mark);
    if (marked || inCgroup(readProc(pid, "cgroup"), cgroup)) add(pid);
  }
  return [...found.values()];
}

/** Lines are `ID:CONTROLLERS:PATH`, cgroups(7). */
export function inCgroup(lines: string, cgroup: string): boolean {
  return lines.split("\n").some((line) => {
    const path = line.split(":").slice(2).join(":");
    return path === `/${cgroup}` || path.startsWith(`/${cgroup}/`);
  });
}

function parentOf(pid: number): number {
  const text = readProc(pid, "stat");
  return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[1]);
}

/** Empty when the process has ended meanwhile or is not ours to read. */
function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
