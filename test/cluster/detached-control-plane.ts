import { join } from "node:path";
import { getAsAdmin } from "./api-probe.ts";
import {
  apiServerArguments,
  controllerManagerArguments,
  etcdArguments,
  schedulerArguments,
} from "./control-plane-arguments.ts";
import { type ControlPlaneFiles, type Endpoint, writeControlPlaneFiles } from "./control-plane-files.ts";
import { clusterVariable, type Ledger, writeLedger } from "./ledger.ts";
import { type StartedProcess, startDetached } from "./processes.ts";
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
