import { readFileSync } from "node:fs";
import { memoryUsage } from "node:process";

/**
 * Bytes of memory that are this process's own, without what it maps of files: those are others' as well, and the kernel takes
 * them back when it needs them. Where it does not tell them apart, all that is resident. For the edge alone.
 */
export function privateMemoryBytes(): number {
  return anonymousBytes(statusText()) ?? memoryUsage.rss();
}

/** Of Linux's /proc/PID/status. */
export function anonymousBytes(status: string): number | undefined {
  const [, kibibytes] = /^RssAnon:\s+(\d+) kB$/m.exec(status) ?? [];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}

function statusText(): string {
  try {
    return readFileSync("/proc/self/status", "latin1");
  } catch {
    return "";
  }
}
