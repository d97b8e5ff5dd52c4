import { readdirSync, readFileSync } from "node:fs";

interface Child {
  readonly pid: number;
  readonly command: string;
  readonly ageMs: number;
}

/** Kills the children of a process that are older than `oldestMs`, whatever they are at, and tells their commands. */
export function endOverdueChildren(parent: number, oldestMs: number): readonly string[] {
  const overdue = childrenOf(parent).filter(({ ageMs }) => ageMs > oldestMs);
  for (const { pid } of overdue) process.kill(pid, "SIGKILL");
  return overdue.map(({ command }) => command);
}

/** From /proc (proc(5)): Linux alone, as is all that the tests run. */
function childrenOf(parent: number): readonly Child[] {
  const uptimeMs = Number.parseFloat(readFileSync("/proc/uptime", "utf8")) * 1000;
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        // After the name in brackets, which may hold spaces: state, parent, …, and as the 20th the start in ticks.
        const fields = readFileSync(`/proc/${name}/stat`, "utf8")
          .replace(/^.*\) /s, "")
          .split(" ");
        if (Number(fields[1]) !== parent) return [];
        const command =
          readFileSync(`/proc/${name}/cmdline`, "utf8")
            .split("\0")
            .filter((word) => word !== "")
            .at(-1) ?? "";
        return [{ pid: Number(name), command, ageMs: uptimeMs - Number(fields[19]) * tickMs }];
      } catch {
        return []; // It has ended meanwhile.
      }
    });
}

/** USER_HZ, which Linux fixes at 100 for every program. */
const tickMs = 10;
