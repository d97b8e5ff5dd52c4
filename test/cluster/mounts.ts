import { readFileSync } from "node:fs";
import { run } from "./command.ts";

/** Mount points at or below the directory, the last mounted first (proc_pid_mountinfo(5), field 5). */
export function mountsBelow(directory: string, mountinfo = readFileSync("/proc/self/mountinfo", "utf8")): string[] {
  return mountinfo
    .split("\n")
    .map((line) => unescape(line.split(" ")[4] ?? ""))
    .filter((point) => point === directory || point.startsWith(`${directory}/`))
    .toReversed();
}

/** Space, tab, newline and backslash are written as three octal digits. */
function unescape(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

export async function unmountBelow(directory: string): Promise<void> {
  for (const point of mountsBelow(directory)) await run("umount", ["--lazy", point]);
}
