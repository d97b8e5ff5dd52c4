import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { allowedCores } from "./allowed-cores.ts";
import { commands, environment, paths } from "./contract.ts";
import { leaveCrashReport } from "./crash.ts";
import type { WorkerOptions } from "./engine/messages.ts";
import { machineNow } from "./machine-now.ts";
import { privateMemoryBytes } from "./private-memory.ts";
import { packCommand } from "./packing/messages.ts";
import { shardCommand } from "./shard/messages.ts";

/**
 * Entry point of the server image: `serve` and `fetch` by the first argument, a shard of `serve` or the packing of its
 * model in a process that it starts, and the engine's worker when this module is started as a thread. Each loads only
 * its own part: neither fetch nor the supervisor ever loads ONNX Runtime.
 */

// Before anything can load ONNX Runtime's library, which reads the variable once and would send telemetry without it.
process.env[environment.onnxRuntimeTelemetry] = "1";

const usageCode = 2;
/** What a shell shows for a process that SIGTERM ended. */
const signalCode = 143;

if (!isMainThread && parentPort !== null) {
  const { runWorker } = await import("./engine/worker.ts");
  runWorker(parentPort, workerData as WorkerOptions, process.env, { machineNow, privateBytes: privateMemoryBytes });
} else if (process.argv[2] === shardCommand && process.send !== undefined) {
  const { startShardHere } = await import("./shard/main.ts");
  startShardHere(new URL(import.meta.url), machineNow);
} else if (process.argv[2] === packCommand && process.send !== undefined) {
  const { packHere } = await import("./packing/main.ts");
  packHere();
} else {
  await main(process.argv[2]);
}

async function main(command: string | undefined): Promise<void> {
  const terminated = new AbortController();
  const abandoned = new AbortController();
  const leaveAtOnce = (code: number): never => {
    abandoned.abort();
    process.exit(code);
  };
  const terminate = (): void => {
    // Whoever asks twice does not want to wait.
    if (terminated.signal.aborted) {
      process.off("exit", unsettled);
      leaveAtOnce(signalCode);
    }
    terminated.abort();
  };
  const leaveReport = (error: unknown): void => {
    const path = process.env[environment.terminationMessage] ?? paths.terminationMessage;
    leaveCrashReport(path, command === commands.fetch ? "Download" : "Serve", error, new Date());
  };
  process.on("uncaughtException", (error) => {
    leaveReport(error);
    process.off("exit", unsettled);
    leaveAtOnce(1);
  });
  // Node ends a program by itself where it waits for something that nothing can bring any more.
  const unsettled = (): void => {
    const waits = new Error("The program waits for something that cannot come.");
    leaveReport(Object.assign(waits, { name: "Unsettled" }));
  };
  process.on("exit", unsettled);
  process.on("SIGTERM", terminate);
  process.on("SIGINT", terminate);

  switch (command) {
    case commands.serve: {
      const { runServe } = await import("./supervisor/run-serve.ts");
      const code = await runServe({
        variables: process.env,
        availableCores: availableParallelism(),
        nodeCores: usableCores(),
        script: new URL(import.meta.url),
        pid: process.pid,
        terminated: terminated.signal,
        abandoned: abandoned.signal,
        memoryBytes: () => process.memoryUsage.rss(),
        now: () => performance.now(),
        newRequestId: () => randomUUID(),
      });
      process.off("exit", unsettled);
      process.exit(code);
    }
    case commands.fetch: {
      const { runFetch } = await import("./fetch/fetch.ts");
      const code = await runFetch(process.env, { signal: terminated.signal });
      process.off("exit", unsettled);
      process.exit(code);
    }
    case undefined:
    default:
      process.off("exit", unsettled);
      process.stderr.write(`Usage: node main.ts ${commands.serve} | ${commands.fetch}\n`);
      process.exit(usageCode);
  }
}

/** Of the machine, those that a cpuset leaves. */
function usableCores(): number {
  try {
    return allowedCores(readFileSync("/proc/self/status", "utf8")) ?? cpus().length;
  } catch {
    // No Linux.
    return cpus().length;
  }
}
