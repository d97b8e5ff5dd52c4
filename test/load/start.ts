import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { LoadSummary } from "./tally.ts";

export interface LoadProcessOptions {
  readonly url: string;
  /** File whose bytes are the body of every request. */
  readonly bodyFile: string;
  readonly contentType?: string;
  readonly connections: number;
  readonly ratePerSecond: number;
  /** What runs the client somewhere else: `["nsenter", "--net=/run/netns/NAME"]`. */
  readonly prefix?: readonly string[];
  /** The client itself, where it is not this work tree's: `["kubectl", "exec", "-i", POD, "--", "node", FILE]`. */
  readonly command?: readonly string[];
}

/** A running load client; whoever starts it stops it. */
export interface LoadProcess {
  /** The newest figures, about a second old; undefined before the first. */
  progress(): LoadSummary | undefined;
  /** Ends the client, awaits what it has under way and gives the final figures. */
  stop(): Promise<LoadSummary>;
}

const entry = new URL("main.ts", import.meta.url).pathname;

export function startLoad(options: LoadProcessOptions): LoadProcess {
  const command = [
    ...(options.prefix ?? []),
    ...(options.command ?? [process.execPath, entry]),
    `--url=${options.url}`,
    `--body=${options.bodyFile}`,
    `--content-type=${options.contentType ?? "application/json"}`,
    `--connections=${options.connections}`,
    `--rate=${options.ratePerSecond}`,
  ];
  const [program = process.execPath, ...parameters] = command;
  const child = spawn(program, parameters, { stdio: ["pipe", "pipe", "pipe"] });
  let latest: LoadSummary | undefined;
  let summary: LoadSummary | undefined;
  let complaint = "";
  createInterface({ input: child.stdout }).on("line", (line) => {
    const report = JSON.parse(line) as { readonly progress?: LoadSummary; readonly summary?: LoadSummary };
    latest = report.progress ?? report.summary ?? latest;
    summary = report.summary ?? summary;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint = (complaint + text).slice(-complaintCharacters);
  });
  const closed = once(child, "close");
  // A start that fails is told by stop(): without this the rejection would have no owner until then.
  closed.catch(() => undefined);

  return {
    progress: () => latest,
    async stop() {
      child.stdin.end();
      await closed;
      if (summary === undefined) throw new Error(`the load client ended without figures: ${complaint.trim()}`);
      return summary;
    },
  };
}

/** The end of the client's error output that is kept for a message. */
const complaintCharacters = 4_000;
