import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { environment } from "../../../server/contract.ts";
import type { ImageStart } from "../image-start.ts";
import { type Usage, usageOfTree } from "../usage.ts";

/** The bundle of the image as a process of this machine, on loopback. */
export interface ServerProcess {
  readonly pid: number;
  readonly url: string;
  usage(): Usage;
  /** SIGTERM, and waits for its end. */
  stop(): Promise<void>;
}

export interface ServerStart {
  readonly image: ImageStart;
  readonly modelName: string;
  /** Holds the model's file; the server's own files are put beside it. */
  readonly directory: string;
}

/** A pod's usual share: one worker. */
const cores = 1;

/** As a pod runs it, but for the limits of its cgroup: nothing holds its two threads to one core. */
export async function startServer({ image, modelName, directory }: ServerStart): Promise<ServerProcess> {
  // A bench that is killed must not leave a server behind.
  const child = spawn("setpriv", ["--pdeathsig", "KILL", ...image.command], {
    cwd: directory,
    env: {
      ...image.environment,
      PATH: process.env["PATH"],
      [environment.modelName]: modelName,
      [environment.modelVersion]: "v1",
      [environment.modelDirectory]: directory,
      [environment.listenAddress]: "127.0.0.1",
      [environment.httpPort]: "0",
      [environment.metricsPort]: "0",
      [environment.terminationMessage]: join(directory, "termination-log"),
      [environment.inServiceFile]: join(directory, "in-service"),
      [environment.cpuLimit]: String(cores),
      // No endpoint leads to it that would have to be forgotten first.
      [environment.propagation]: "0",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { promise: ended, resolve: end } = Promise.withResolvers<string>();
  const { promise: serving, resolve: serve } = Promise.withResolvers<number>();
  let said = "";
  let port = 0;
  const hear = (line: string): void => {
    said = `${said}${line}\n`.slice(-keptOutput);
    port = portIn(line) ?? port;
    if (line.includes('"msg":"serving"')) serve(port);
  };
  createInterface({ input: child.stdout }).on("line", hear);
  createInterface({ input: child.stderr }).on("line", hear);
  child.once("error", (error) => end(`the server cannot be started: ${error.message}`));
  child.once("exit", (code, signal) => end(`the server ended (${code ?? signal}): ${said}`));
  const outcome = await Promise.race([serving, ended]);
  const { pid } = child;
  if (typeof outcome === "string" || pid === undefined) throw new Error(String(outcome));
  return {
    pid,
    url: `http://127.0.0.1:${outcome}`,
    usage: () => {
      const usage = usageOfTree(pid);
      if (usage === undefined) throw new Error(`the server ended: ${said}`);
      return usage;
    },
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** Of the line of the log that tells it. */
function portIn(line: string): number | undefined {
  const found = /"httpPort":(\d+)/.exec(line)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** Enough for the last words of a process that ended. */
const keptOutput = 4_000;
