import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { runningTree } from "./read-processes.ts";

export interface Command {
  readonly program: string;
  readonly parameters: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** A started peer; whoever starts it stops it. */
export interface PeerProcess {
  readonly pid: number;
  /** How it ended by itself; undefined while it runs. */
  ended(): string | undefined;
  /** The last lines that it wrote. */
  lastWords(): Promise<string>;
  /** Ends the whole tree, by SIGTERM and then by force, each process by its pid. */
  stop(): Promise<void>;
}

const politeMs = 10_000;
const pollMs = 20;
const lastWordsCharacters = 600;

/**
 * Starts a peer in a session of its own, by which all of its processes are found, and which a Ctrl-C of the terminal does
 * not reach. `running` holds it until it has ended. A bench that is killed takes the first process with it.
 */
export function startPeerProcess(
  command: Command,
  logFile: string,
  running: Set<PeerProcess>,
  patienceMs = politeMs,
): PeerProcess {
  const log = openSync(logFile, "w");
  const child = spawn("setpriv", ["--pdeathsig", "KILL", command.program, ...command.parameters], {
    detached: true,
    env: { ...process.env, ...command.environment, ORT_DISABLE_TELEMETRY: "1" },
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  let end: string | undefined;
  child.once("error", (error) => {
    end = error.message;
  });
  child.once("exit", (code, by) => {
    end = `ended with ${code ?? by}`;
  });
  const peer: PeerProcess = {
    pid: child.pid ?? 0,
    ended: () => end,
    lastWords: async () => (await readFile(logFile, "utf8")).trim().slice(-lastWordsCharacters),
    stop: async () => {
      await endTree(child, patienceMs);
      running.delete(peer);
    },
  };
  running.add(peer);
  return peer;
}

async function endTree(child: ChildProcess, patienceMs: number): Promise<void> {
  const { pid } = child;
  if (pid === undefined) return;
  // Read before anything ends: whoever loses its parent, and has made a session of its own, is not found afterwards.
  const tree = runningTree(pid);
  signal([pid], "SIGTERM");
  if (await haveEnded(pid, tree, patienceMs)) return;
  signal(remaining(pid, tree), "SIGKILL");
  await haveEnded(pid, tree, politeMs);
}

async function haveEnded(root: number, tree: readonly number[], withinMs: number): Promise<boolean> {
  for (const end = performance.now() + withinMs; performance.now() < end; await delay(pollMs))
    if (remaining(root, tree).length === 0) return true;
  return false;
}

/** A pid of the tree cannot have become another process's within these seconds: they are given out in turn. */
function remaining(root: number, tree: readonly number[]): readonly number[] {
  return [...new Set([...tree, root].flatMap((pid) => runningTree(pid)))];
}

function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch {
      // It has ended meanwhile.
    }
  }
}
