import { createHash } from "node:crypto";
import { join } from "node:path";
import { getAsAdmin } from "./api-probe.ts";
import {
  apiServerArguments,
  controllerManagerArguments,
  etcdArguments,
  schedulerArguments,
} from "./control-plane-arguments.ts";
import { type ControlPlaneFiles, type Endpoint, writeControlPlaneFiles } from "./control-plane-files.ts";
import { stateDirectory } from "./directories.ts";
import { clusterVariable, emptyLedger, isUp, type Ledger, withLock, writeLedger } from "./ledger.ts";
import { checkClusterName } from "./node/addresses.ts";
import { installPackages } from "./packages.ts";
import { type StartedProcess, startDetached } from "./processes.ts";
import { buildPrograms, controlPlaneModules } from "./programs.ts";
import { removeCluster } from "./remove-cluster.ts";
import { type Report, step } from "./report.ts";
import { unpackTools } from "./tools.ts";
import { waitFor } from "./wait.ts";

/** Starts the processes of a detached cluster and writes each one down. */
export type Launcher = {
  readonly ledger: () => Ledger;
  readonly start: (
    name: string,
    path: string,
    parameters: readonly string[],
    environment?: Record<string, string>,
  ) => Promise<StartedProcess>;
  /** Changes the record. */
  readonly record: (change: Partial<Ledger>) => Promise<void>;
};

export function createLauncher(begin: Ledger, directory: string, networkNamespace?: string): Launcher {
  let ledger = begin;
  let written = Promise.resolve();
  const record = (change: Partial<Ledger>) => {
    ledger = { ...ledger, ...change };
    // Several processes are started at once, and the file is one: each write waits for the one before.
    written = written.then(() => writeLedger(ledger));
    return written;
  };
  return {
    ledger: () => ledger,
    record,
    start: async (name, path, parameters, environment = {}) => {
      const logFile = join(directory, `${name}.log`);
      const marked = { ...environment, [clusterVariable]: begin.name };
      const started = startDetached(
        { name, path, parameters, logFile, directory, environment: marked },
        networkNamespace,
      );
      await record({ processes: [...ledger.processes, started] });
      return started;
    },
  };
}

/** Start takes 3 s on a quiet machine, more while others build. */
const readyTimeoutMilliseconds = 120_000;

/** etcd, kube-apiserver and kube-controller-manager, and the scheduler where there is a node to choose. */
export async function launchControlPlane(
  launcher: Launcher,
  directory: string,
  programs: string,
  endpoint: Endpoint,
  kind: Ledger["kind"],
): Promise<ControlPlaneFiles> {
  const files = await writeControlPlaneFiles(directory, endpoint, { publishesItself: kind === "node" });
  const { settings, kubeconfigs } = files;
  const start = (name: string, parameters: readonly string[]) => launcher.start(name, join(programs, name), parameters);
  await start("etcd", etcdArguments(settings));
  await start("kube-apiserver", apiServerArguments(settings));
  for (const path of ["/readyz", "/api/v1/namespaces/kube-system"]) {
    await waitFor("kube-apiserver ready", () => getAsAdmin(`${files.server}${path}`, files.admin), {
      timeoutMilliseconds: readyTimeoutMilliseconds,
      processes: launcher.ledger().processes,
    });
  }
  await start("kube-controller-manager", controllerManagerArguments(settings, kubeconfigs.controllerManager));
  if (kind === "node") await start("kube-scheduler", schedulerArguments(settings, kubeconfigs.scheduler));
  await launcher.record({ server: files.server, adminKubeconfigPath: kubeconfigs.admin });
  return files;
}

/** Brings up a control plane that outlives this process, or says that it is up. */
export async function bringControlPlaneUp(name: string, report: Report): Promise<void> {
  checkClusterName(name);
  await withLock(name, async () => {
    if (isUp(name, "control-plane", report)) return;
    await installPackages("control-plane", report);
    const programs = await buildPrograms(controlPlaneModules, report);
    await unpackTools(report);
    await removeCluster(name);
    const begin: Ledger = { ...emptyLedger, name, kind: "control-plane" };
    await writeLedger(begin);
    const directory = stateDirectory(name);
    const launcher = createLauncher(begin, directory);
    await step(report, `starting control plane ${name}`, () =>
      launchControlPlane(launcher, directory, programs.kubernetes, namedEndpoint(name), "control-plane"),
    );
    await launcher.record({ complete: true });
  });
}

/** An address below 127.63.0.0/16 that goes with the name, beside those that test files take by process id. */
export function namedEndpoint(name: string): Endpoint {
  const [third = 0, fourth = 0] = createHash("sha256").update(name).digest();
  return { address: `127.63.${third}.${fourth}`, apiPort: 6443, etcdPort: 2379, etcdPeerPort: 2380 };
}
