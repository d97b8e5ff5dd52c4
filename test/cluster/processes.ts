import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** A process as it is recorded: the start time tells it from a stranger who was given its number later. */
export type StartedProcess = {
  readonly name: string;
  readonly pid: number;
  /** Clock ticks from boot to its start: field 22 of /proc/PID/stat, proc_pid_stat(5). */
  readonly startTicks: number;
  readonly logFile: string;
};

export type Program = {
  readonly name: string;
  /** Its last path element is the name that a multi-call binary goes by. */
  readonly path: string;
  readonly parameters: readonly string[];
  readonly logFile: string;
  readonly directory: string;
  readonly environment?: Readonly<Record<string, string>>;
};

/** Where a process that is tied to its starter runs, and what it gets when that one dies. */
export type Tie = {
  /** File of a network namespace. */
  readonly networkNamespace?: string;
  /** KILL where nothing has to be put in order. */
  readonly signal?: "KILL" | "TERM";
};

/** Starts a process that the kernel ends when the one that started it dies, however it dies. */
export function startTied(program: Program, { networkNamespace, signal: name = "KILL" }: Tie = {}): StartedProcess {
  return start(program, ["setpriv", "--pdeathsig", name, ...entering(networkNamespace)], { detached: false });
}

/** Starts a process that outlives the one that started it, inside a network namespace if one is named. */
export function startDetached(program: Program, networkNamespace?: string): StartedProcess {
  return start(program, entering(networkNamespace), { detached: true });
}

function entering(networkNamespace: string | undefined): string[] {
  return networkNamespace === undefined ? [] : ["nsenter", `--net=${networkNamespace}`];
}

/**
 * What servers run with everywhere. With that of a careful shell, 077, containerd unpacks images that no user but root
 * can read, and no pod of ours starts.
 */
const umaskOfServers = 0o022;

function start(program: Program, prefix: readonly string[], options: { detached: boolean }): StartedProcess {
  const log = openSync(program.logFile, "a");
  const ownUmask = process.umask(umaskOfServers);
  let child: ChildProcess;
  try {
    const [command = program.path, ...rest] = [...prefix, program.path, ...program.parameters];
    child = spawn(command, rest, {
      cwd: program.directory,
      detached: options.detached,
      env: { ...process.env, ...program.environment },
      stdio: ["ignore", log, log],
    });
  } finally {
    process.umask(ownUmask);
    closeSync(log);
  }
  // Whoever waits for the process sees that it is gone and quotes its log; this only keeps Node from throwing.
  child.on("error", () => undefined);
  child.unref();
  if (child.pid === undefined)
    throw new Error(`${program.name} cannot be started: is ${prefix[0] ?? program.path} installed?`);
  const startTicks = readStat(child.pid)?.startTicks;
  if (startTicks === undefined) throw new Error(`${program.name} ended at once; its log: ${program.logFile}`);
  return { name: program.name, pid: child.pid, startTicks, logFile: program.logFile };
}

type Stat = { readonly state: string; readonly threads: number; readonly startTicks: number };

/** What proc_pid_stat(5) says of a process; undefined when there is none. */
export function readStat(pid: number): Stat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // The second field is the program's name in parentheses and may itself hold spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0] ?? "?", threads: Number(fields[17]), startTicks: Number(fields[19]) };
}

/**
 * A zombie counts as dead, for it holds no port and no file, but only once its other threads are gone: until then
 * they do.
 */
export function isRunning(recorded: Pick<StartedProcess, "pid" | "startTicks">): boolean {
  const stat = readStat(recorded.pid);
  if (stat === undefined || stat.startTicks !== recorded.startTicks) return false;
  return !"ZX".includes(stat.state) || stat.threads > 1;
}

export function signal(recorded: StartedProcess, name: NodeJS.Signals): void {
  if (!isRunning(recorded)) return;
  try {
    process.kill(recorded.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Asks a process to end, waits, and kills it when it takes longer than it may. */
export async function stopProcess(recorded: StartedProcess, patienceMilliseconds: number): Promise<void> {
  if (patienceMilliseconds > 0) {
    signal(recorded, "SIGTERM");
    if (await waitForEnd(recorded, patienceMilliseconds)) return;
  }
  signal(recorded, "SIGKILL");
  if (!(await waitForEnd(recorded, uninterruptibleMilliseconds))) {
    throw new Error(`${recorded.name} (process ${recorded.pid}) does not end, not even by SIGKILL`);
  }
}

/** A killed process lives on for as long as a system call of its own cannot be interrupted. */
const uninterruptibleMilliseconds = 10_000;

async function waitForEnd(recorded: StartedProcess, patienceMilliseconds: number): Promise<boolean> {
  const end = performance.now() + patienceMilliseconds;
  while (isRunning(recorded)) {
    if (performance.now() > end) return false;
    await sleep(10);
  }
  return true;
}
