/** Entry point of `slipway`: the one file of the commands that touches the process. */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { environment } from "../server/contract.ts";
import type { WorkerOptions } from "../server/engine/messages.ts";
import { machineNow } from "../server/machine-now.ts";
import { privateMemoryBytes } from "../server/private-memory.ts";
import { shardCommand } from "../server/shard/messages.ts";
import { commands } from "./commands.ts";
import { exitCodes } from "./complaint.ts";
import type { Edge, Terminal } from "./edge.ts";
import { run } from "./run.ts";

// Before anything can load ONNX Runtime's library, which reads the variable once and would send telemetry without it.
process.env[environment.onnxRuntimeTelemetry] = "1";

/** Width that is assumed of what is no terminal. */
const usualColumns = 80;
/** From here both main.ts in its folder and the bundle in dist/ have the package one folder up. */
const packageRoot = new URL("../", import.meta.url);

if (!isMainThread && parentPort !== null) {
  // The engine's worker: of `slipway inspect --load`, and of a shard whose runs are long.
  const { runWorker } = await import("../server/engine/worker.ts");
  runWorker(parentPort, workerData as WorkerOptions, process.env, { machineNow, privateBytes: privateMemoryBytes });
} else if (process.argv[2] === shardCommand && process.send !== undefined) {
  // `slipway serve` starts this file again for each of its shards.
  const { startShardHere } = await import("../server/shard/main.ts");
  startShardHere(new URL(import.meta.url), machineNow);
} else {
  await main();
}

async function main(): Promise<void> {
  const interrupted = new AbortController();
  const abandoned = new AbortController();
  const interrupt = (): void => {
    // Whoever asks twice does not want to wait.
    if (interrupted.signal.aborted) {
      abandoned.abort();
      leaveAtOnce(exitCodes.interrupted);
    }
    interrupted.abort();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  for (const stream of [process.stdout, process.stderr]) {
    // `slipway plan | head` closes the pipe when it has seen enough: no error, and nobody to tell.
    stream.on("error", (error: NodeJS.ErrnoException) => {
      process.exit(error.code === "EPIPE" ? exitCodes.done : exitCodes.failed);
    });
  }
  const { version } = JSON.parse(readFileSync(new URL("package.json", packageRoot), "utf8")) as { version: string };
  const edge: Edge = {
    variables: process.env,
    // Read only by who asks for it: looking at a closed standard input fails.
    get input() {
      return process.stdin as AsyncIterable<Uint8Array>;
    },
    output: terminal(process.stdout),
    messages: terminal(process.stderr),
    interrupted: interrupted.signal,
    abandoned: abandoned.signal,
    now: () => performance.now(),
    wallClock: () => Date.now(),
    random: () => Math.random(),
    newRequestId: () => randomUUID(),
    pid: process.pid,
    availableCores: availableParallelism(),
    memoryBytes: () => process.memoryUsage.rss(),
    script: new URL(import.meta.url),
    packageRoot,
  };
  process.exitCode = await run(process.argv.slice(2), edge, { commands, version });
}

/** What is no terminal lacks `isTTY`, whatever Node's types say of it. */
type OutputStream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

function terminal(stream: OutputStream): Terminal {
  const isTerminal = stream.isTTY ?? false;
  return {
    write: (text) => void stream.write(text),
    isTerminal,
    get columns() {
      // 0 on a terminal that nobody has told its size.
      return stream.columns || usualColumns;
    },
  };
}

/**
 * Leaves although a thread is inside a native call, for whose end `process.exit` would wait. Replacing the program ends
 * every thread, whatever it does.
 */
function leaveAtOnce(code: number): never {
  if (process.execve === undefined) process.abort();
  return process.execve(process.execPath, [process.execPath, "-e", `process.exitCode = ${code}`], {});
}
