import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { getAsAdmin } from "./api-probe.ts";
import { type CommandOptions, type CommandOutput, run } from "./command.ts";
import {
  apiServerArguments,
  controllerManagerArguments,
  etcdArguments,
  schedulerArguments,
} from "./control-plane-arguments.ts";
import { type AdminCredentials, type Endpoint, writeControlPlaneFiles } from "./control-plane-files.ts";
import { memoryDirectory } from "./directories.ts";
import { isRunning, type Program, readStat, signal, type StartedProcess, startTied, stopProcess } from "./processes.ts";
import { buildPrograms, controlPlaneModules } from "./programs.ts";
import { type Report, silent, step } from "./report.ts";
import { unpackTools } from "./tools.ts";
import { waitFor } from "./wait.ts";

export type ControlPlaneOptions = {
  /** Shown in file names only. */
  readonly name?: string;
  /** Without it nothing makes ReplicaSets, deletes namespaces or collects garbage; false when left out. */
  readonly controllerManager?: boolean;
  /** Without it pods stay where they are made, without a node; false when left out. */
  readonly scheduler?: boolean;
  /** Flags beside ours; the last one of a name wins. */
  readonly apiServerArguments?: readonly string[];
  readonly controllerManagerArguments?: readonly string[];
  readonly schedulerArguments?: readonly string[];
  readonly report?: Report;
};

/** A real API server with its own etcd on a loopback address of its own, and what a client of it needs. */
export type ControlPlane = AdminCredentials & {
  /** https://ADDRESS:PORT; stays the same over restarts. */
  readonly server: string;
  readonly adminKubeconfigPath: string;
  readonly kubectlPath: string;
  /** Runs kubectl as admin; throws a CommandError with what it said when it fails. */
  kubectl(parameters: readonly string[], options?: Pick<CommandOptions, "input">): Promise<CommandOutput>;
  /**
   * Ends the API server: politely, which closes watches and finishes requests; or by SIGKILL, as a crash does.
   * etcd keeps running, so nothing that was written is lost.
   */
  stopApiServer(how?: "politely" | "kill"): Promise<void>;
  /** Starts it again on the same address and waits until it is ready. */
  startApiServer(): Promise<void>;
  restartApiServer(how?: "politely" | "kill"): Promise<void>;
  /** Freezes the API server: connections stay open and nothing answers, as behind a cut cable. */
  pauseApiServer(): void;
  resumeApiServer(): void;
  /** Process ids by program, such as `kube-apiserver`. */
  processIds(): Readonly<Record<string, number>>;
  /** Ends all processes and removes all files. */
  stop(): Promise<void>;
};

/** Start takes 5 s on a quiet machine; many test files may start at once on two cores. */
const readyTimeoutMilliseconds = 120_000;

/** The API server waits for open requests; a test that holds some must not wait for it. */
const stopPatienceMilliseconds = 15_000;

let startedHere = 0;

/**
 * Starts etcd and kube-apiserver, and controller manager and scheduler if asked, for the test file that calls it. The
 * processes are tied to this one and die with it, even when it is killed.
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const report = options.report ?? silent;
  const [programs, tools] = await Promise.all([buildPrograms(controlPlaneModules, report), unpackTools(report)]);
  await removeAbandoned();

  const endpoint = ownEndpoint(process.pid, startedHere++);
  const owner = `${process.pid}-${readStat(process.pid)?.startTicks}`;
  const directory = join(memoryDirectory(), `${owner}-${startedHere}-${options.name ?? "control-plane"}`);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const files = await writeControlPlaneFiles(directory, endpoint, { publishesItself: false });
  const processes = new Map<string, StartedProcess>();

  const start = (name: string, parameters: readonly string[]) => {
    const program: Program = {
      name,
      path: join(programs.kubernetes, name),
      parameters,
      logFile: join(directory, `${name}.log`),
      directory,
    };
    processes.set(name, startTied(program));
  };
  const answers = (what: string, path: string) =>
    waitFor(what, () => getAsAdmin(`${files.server}${path}`, files.admin), {
      timeoutMilliseconds: readyTimeoutMilliseconds,
      processes: [...processes.values()],
    });
  const apiServer = () => {
    const found = processes.get("kube-apiserver");
    if (!found || !isRunning(found)) throw new Error("kube-apiserver is not running: call startApiServer() first");
    return found;
  };
  const startApiServer = async () => {
    const running = processes.get("kube-apiserver");
    if (running && isRunning(running)) throw new Error("kube-apiserver is running: call stopApiServer() first");
    start("kube-apiserver", [...apiServerArguments(files.settings), ...(options.apiServerArguments ?? [])]);
    await answers("kube-apiserver ready", "/readyz");
    // Made a moment after readiness, and nearly every test writes into it.
    await answers("namespace default", "/api/v1/namespaces/default");
  };
  const stopApiServer = async (how: "politely" | "kill" = "politely") => {
    const running = apiServer();
    // A frozen process would take notice of SIGTERM only once it goes on.
    signal(running, "SIGCONT");
    await stopProcess(running, how === "kill" ? 0 : stopPatienceMilliseconds);
    processes.delete("kube-apiserver");
  };
  const stop = async () => {
    // etcd last: an API server whose etcd is gone holds its port for minutes.
    for (const each of [...processes.values()].toReversed()) await stopProcess(each, 0);
    processes.clear();
    await rm(directory, { recursive: true, force: true });
  };

  try {
    await step(report, "starting etcd and kube-apiserver", async () => {
      start("etcd", etcdArguments(files.settings));
      await startApiServer();
      if (options.controllerManager === true) {
        start("kube-controller-manager", [
          ...controllerManagerArguments(files.settings, files.kubeconfigs.controllerManager),
          ...(options.controllerManagerArguments ?? []),
        ]);
        // Without it a pod is refused.
        await answers("default service account", "/api/v1/namespaces/default/serviceaccounts/default");
      }
      if (options.scheduler === true) {
        start("kube-scheduler", [
          ...schedulerArguments(files.settings, files.kubeconfigs.scheduler),
          ...(options.schedulerArguments ?? []),
        ]);
      }
    });
  } catch (error) {
    await stop();
    throw error;
  }

  return {
    ...files.admin,
    server: files.server,
    adminKubeconfigPath: files.kubeconfigs.admin,
    kubectlPath: tools.kubectl,
    kubectl: (parameters, commandOptions = {}) =>
      run(tools.kubectl, [`--kubeconfig=${files.kubeconfigs.admin}`, ...parameters], commandOptions),
    stopApiServer,
    startApiServer,
    restartApiServer: async (how) => {
      await stopApiServer(how);
      await startApiServer();
    },
    pauseApiServer: () => signal(apiServer(), "SIGSTOP"),
    resumeApiServer: () => signal(apiServer(), "SIGCONT"),
    processIds: () => Object.fromEntries([...processes].map(([name, { pid }]) => [name, pid])),
    stop,
  };
}

/**
 * A loopback address that no other process uses, made of the process id: 22 bits of it below 127.64.0.0/10. So
 * test files never meet on a port, and a restarted API server finds its own free.
 */
export function ownEndpoint(pid: number, ordinal: number): Endpoint {
  const address = `127.${64 + ((pid >> 16) & 63)}.${(pid >> 8) & 255}.${pid & 255}`;
  return { address, apiPort: 6443 + ordinal, etcdPort: 2379 + 2 * ordinal, etcdPeerPort: 2380 + 2 * ordinal };
}

/** Folders whose process was killed before it could remove them; the kernel has ended its children. */
async function removeAbandoned(): Promise<void> {
  const root = memoryDirectory();
  for (const folder of await readdir(root).catch(() => [])) {
    const [pid, startTicks] = folder.split("-").map(Number);
    if (pid === undefined || startTicks === undefined || !Number.isInteger(pid + startTicks)) continue;
    if (!isRunning({ pid, startTicks })) await rm(join(root, folder), { recursive: true, force: true });
  }
}
