import type { Report } from "../test/cluster/report.ts";

/** Puts the time since the start before every line, so that a reader sees where the minutes go. */
export function timedReport(write: (text: string) => void, now: () => number): Report {
  const start = now();
  return (line) => {
    const elapsed = `${((now() - start) / 1000).toFixed(1)} s`;
    for (const each of line.split("\n")) write(`${elapsed.padStart(8)}  ${each}\n`);
  };
}
