import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { isRunning, type StartedProcess } from "./processes.ts";

export type WaitOptions = {
  readonly timeoutMilliseconds: number;
  readonly intervalMilliseconds?: number;
  /** Without these there is nothing to wait for: the error then quotes the log of the one that ended. */
  readonly processes?: readonly StartedProcess[];
};

const logLinesQuoted = 15;

/** Tries until the check stops throwing; what it threw last is the reason given when time is up. */
export async function waitFor<T>(what: string, check: () => Promise<T>, options: WaitOptions): Promise<T> {
  const end = performance.now() + options.timeoutMilliseconds;
  while (true) {
    try {
      return await check();
    } catch (error) {
      const ended = options.processes?.find((each) => !isRunning(each));
      if (ended) throw new Error(`${what}: ${ended.name} ended\n${logTail(ended.logFile)}`, { cause: error });
      if (performance.now() > end) {
        const seconds = options.timeoutMilliseconds / 1000;
        throw new Error(`${what}: not within ${seconds} s: ${(error as Error).message}`, { cause: error });
      }
    }
    await sleep(options.intervalMilliseconds ?? 50);
  }
}

function logTail(logFile: string): string {
  try {
    return `last lines of ${logFile}:\n${readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-logLinesQuoted).join("\n")}`;
  } catch {
    return `no log at ${logFile}`;
  }
}
