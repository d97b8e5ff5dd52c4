import { type ChildProcess, fork } from "node:child_process";
import type { Socket } from "node:net";
import { createInterface } from "node:readline";
import { type FromShard, type Protocol, shardCommand, type ToShard, withNote } from "../../shard/messages.ts";
import { namelessFileFolders } from "./nameless-file.ts";
import { createRunNote, type NotedRun } from "./run-note.ts";

/** One shard's process. */
export interface ShardProcess {
  readonly send: (message: ToShard) => void;
  /** Gives a connection to the shard. It stays open here until the shard says that it has it. */
  readonly handOver: (connection: GivenConnection) => void;
  /** The shard has the one that was given longest ago. */
  readonly taken: () => void;
  readonly kill: () => void;
  /** Settles once, when the process is over. */
  readonly ended: Promise<ShardEnd>;
}

/** A connection that is to be handed over, with what was read of it. Nothing reads from it here any more. */
export interface GivenConnection {
  readonly socket: Socket;
  readonly protocol: Protocol;
  readonly first: Uint8Array;
}

export interface ShardEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last run that it began. */
  readonly lastRun: NotedRun | undefined;
  /** Given to it, and never taken: nothing of them was lost. */
  readonly left: readonly GivenConnection[];
}

export interface ShardProcessOptions {
  /** Module that runs {@link import("../../shard/run-shard.ts").runShard} when its first argument is `shard`. */
  readonly script: URL;
  /** Its environment. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Of what says which shards run; undefined: there is nothing of the kind. */
  readonly slotsDescriptor: number | undefined;
  readonly onMessage: (message: FromShard) => void;
  /** Takes the shard's log, a line at a time. */
  readonly writeLog: (line: string) => void;
}

/**
 * MiB of each half of V8's young generation. Every request leaves some kilobytes that are dead with its answer; by default V8
 * lets 100 MB of them pile up in a process that serves 10,000 a second, and then stops for 10 ms.
 */
export const youngGeneration = "--max-semi-space-size=4";

export function startShard(options: ShardProcessOptions): ShardProcess {
  const { script, variables, slotsDescriptor, onMessage, writeLog } = options;
  const note = createRunNote(namelessFileFolders);
  const child: ChildProcess = fork(script, [shardCommand, ...(note === undefined ? [] : [withNote])], {
    execArgv: [youngGeneration],
    env: variables,
    serialization: "advanced",
    stdio: ["ignore", "pipe", "inherit", "ipc", note?.descriptor ?? "ignore", slotsDescriptor ?? "ignore"],
  });
  if (child.stdout !== null) createInterface({ input: child.stdout }).on("line", writeLog);
  child.on("message", onMessage);
  // What cannot be sent goes to a process that is ending, which is told by its exit.
  child.on("error", ignore);
  const given: GivenConnection[] = [];
  const ended = new Promise<ShardEnd>((resolve) => {
    child.once("exit", (code, signal) => {
      resolve({ code, signal, lastRun: note?.read(), left: given.splice(0) });
      note?.close();
    });
  });
  return {
    ended,
    send(message) {
      if (child.connected) child.send(message, ignore);
    },
    handOver(connection) {
      given.push(connection);
      const { socket, protocol, first } = connection;
      const message: ToShard = { kind: "connection", protocol, first };
      // A shard that dies while the socket is on its way takes it along, and nobody would close it.
      child.send(message, socket, { keepOpen: true }, ignore);
    },
    taken: () => given.shift()?.socket.destroy(),
    kill: () => child.kill("SIGKILL"),
  };
}

function ignore(): void {
  // See the place of its use.
}
