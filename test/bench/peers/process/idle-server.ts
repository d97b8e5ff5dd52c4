import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { probeOnce } from "../../server/probe.ts";
import type { Bench } from "../bench.ts";
import { freePorts } from "./free-ports.ts";
import { startPeerProcess } from "./peer-process.ts";

const pollMs = 20;

/** Lets a process that has nothing to do run for as long as the work takes; the work is given its address. */
export async function withIdleServer<T>(
  { scratch, running, signal }: Bench,
  work: (url: string) => Promise<T>,
): Promise<T> {
  const [port = 0] = await freePorts(1);
  const script = join(import.meta.dirname, "..", "servers", "idle-server.ts");
  const parameters = ["--disable-warning=ExperimentalWarning", script, `--port=${port}`];
  signal.throwIfAborted();
  const command = { program: process.execPath, parameters, environment: {} };
  const server = startPeerProcess(command, join(scratch, "idle-server.log"), running);
  try {
    const url = `http://127.0.0.1:${port}/`;
    while ((await probeOnce(url)) !== "200") {
      const ended = server.ended();
      if (ended !== undefined) throw new Error(`the idle server ${ended}: ${await server.lastWords()}`);
      await delay(pollMs);
    }
    return await work(url);
  } finally {
    await server.stop();
  }
}
