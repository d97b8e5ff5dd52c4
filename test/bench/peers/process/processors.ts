import type { Command } from "./peer-process.ts";

/** Numbers of processors as cpuset(7) writes them: `0-2,5`. */
export function parseProcessorList(text: string): readonly number[] {
  return text
    .split(",")
    .filter((part) => part !== "")
    .flatMap((part) => {
      const [first = 0, last = first] = part.split("-").map(Number);
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    });
}

/** The same command on these processors alone; what it starts stays on them, and counts no more than them. */
export function onProcessors(processors: readonly number[], command: Command): Command {
  return {
    ...command,
    program: "taskset",
    parameters: ["--cpu-list", processors.join(","), command.program, ...command.parameters],
  };
}
