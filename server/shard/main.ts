import { randomBytes, randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import { setPriority } from "node:os";
import { privateMemoryBytes } from "../private-memory.ts";
import { noteRunsAt } from "../supervisor/shards/run-note.ts";
import { noteDescriptor, type ToShard, withNote } from "./messages.ts";
import { runShard } from "./run-shard.ts";

/** Behind the supervisor, whose answers to probes take microseconds and must not wait for a core. */
const priority = 5;

/** The process of a shard, from its start on. `script`: what starts the engine's worker when it is run as a thread. */
export function startShardHere(script: URL, machineNow: () => number): void {
  setPriority(priority);
  // A terminal sends these to all processes; a shard ends when the supervisor says so, or when there is none any more.
  process.on("SIGINT", ignore);
  process.on("SIGTERM", ignore);
  // `exit` would wait for a run on a worker thread, and who asked for that is gone with the supervisor.
  process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
  const noting = process.argv.includes(withNote) ? noteRunsAt(noteDescriptor) : { begin: ignore, end: ignore };
  runShard({
    variables: process.env,
    script,
    // Without a supervisor there is nobody to tell, and this process is about to end.
    send: (message) => process.send?.(message, undefined, undefined, ignore),
    receive: (listener) => {
      process.on("message", (message: ToShard, socket: Socket | undefined) => listener(message, socket));
    },
    noting,
    exit: (code) => process.exit(code),
    memoryBytes: () => process.memoryUsage.rss(),
    privateBytes: privateMemoryBytes,
    now: () => performance.now(),
    machineNow,
    wallClock: () => Date.now(),
    newRequestId: () => randomUUID(),
    randomHex: (bytes) => randomBytes(bytes).toString("hex"),
  });
}

function ignore(): void {
  // See the place of its use.
}
