import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { getAsAdmin } from "../api-probe.ts";
import { issueCertificate } from "../certificates.ts";
import { run } from "../command.ts";
import { type ControlPlaneFiles, writeClient } from "../control-plane-files.ts";
import { createLauncher, type Launcher, launchControlPlane } from "../detached-control-plane.ts";
import { stateDirectory } from "../directories.ts";
import { demandDefaultVersion } from "../kubernetes-module.ts";
import { emptyLedger, isUp, type Ledger, withLock, writeLedger } from "../ledger.ts";
import { installPackages } from "../packages.ts";
import { buildPrograms, type ModuleName, nodeModules } from "../programs.ts";
import { removeCluster } from "../remove-cluster.ts";
import { type Report, step } from "../report.ts";
import { type Tools, unpackTools } from "../tools.ts";
import { waitFor } from "../wait.ts";
import { checkClusterName, type NodeNames, nodeNames } from "./addresses.ts";
import { makeCgroups } from "./cgroups.ts";
import { readKernelSettings } from "./kernel-settings.ts";
import { kubeletArguments, kubeletConfiguration, proxyConfiguration } from "./kubelet.ts";
import { createNetwork } from "./network.ts";
import {
  containerdConfiguration,
  networkConfiguration,
  registryHosts,
  resolverConfiguration,
  runtimePaths,
} from "./runtime-configuration.ts";
import { sandboxImageArchive } from "./sandbox-image.ts";
import { systemObjects } from "./system-objects.ts";
import { corefile, metricsServerArguments, registryConfiguration } from "./system-servers.ts";

/** Made outside the state directory whatever the kubelet, containerd and the network plugins are told. */
const foreignFolders = [
  "/var/lib/cni",
  "/var/lib/cni/results",
  "/var/lib/kubelet",
  "/var/lib/kubelet/device-plugins",
  "/var/log/containers",
];

type Programs = Record<ModuleName, string>;

/** Brings the node up, or says that it is; one that is only half there is removed first. */
export async function bringNodeUp(name: string, report: Report): Promise<void> {
  checkClusterName(name);
  demandDefaultVersion();
  if (process.getuid?.() !== 0) throw new Error("a node makes namespaces, mounts and cgroups: run this as root");
  await withLock(name, async () => {
    if (isUp(name, "node", report)) return;
    await installPackages("node", report);
    const programs = await buildPrograms(nodeModules, report);
    const tools = await unpackTools(report);
    await removeCluster(name);
    await step(report, `starting cluster ${name}`, () => startNode(name, programs, tools, report));
  });
}

async function startNode(name: string, programs: Programs, tools: Tools, report: Report): Promise<void> {
  const directory = stateDirectory(name);
  const names = nodeNames(name);
  const begin: Ledger = {
    ...emptyLedger,
    name,
    kind: "node",
    kernelSettings: await readKernelSettings(),
    foreignFolders: foreignFolders.filter((folder) => !existsSync(folder)),
  };
  await writeLedger(begin);
  const launcher = createLauncher(begin, directory, names.networkNamespaceFile);

  await createNetwork(names);
  await makeCgroups(names.cgroup);
  const data = join(directory, "etcd");
  await mkdir(data, { recursive: true, mode: 0o700 });
  await run("mount", ["-t", "tmpfs", "-o", "mode=0700", `slipway-${name}`, data]);

  const endpoint = { address: names.nodeAddress, apiPort: 6443, etcdPort: 2379, etcdPeerPort: 2380 };
  const [files] = await Promise.all([
    step(report, "control plane", () => launchControlPlane(launcher, directory, programs.kubernetes, endpoint, "node")),
    step(report, "container runtime", () => startRuntime(directory, names, programs, launcher)),
  ]);
  await applySystemObjects(names, tools, files);
  await step(report, "node servers", () => startServers(name, names, programs, launcher, files));
  await step(report, "waiting for node, name service, registry and metrics", () =>
    waitUntilReady(name, names, launcher, files),
  );
  await launcher.record({ complete: true });
}

async function startRuntime(
  directory: string,
  names: NodeNames,
  programs: Programs,
  launcher: Launcher,
): Promise<void> {
  const paths = runtimePaths(directory);
  await mkdir(join(paths.network, "net.d"), { recursive: true });
  await writeFile(paths.configuration, containerdConfiguration(paths, join(programs.runc, "runc")));
  const network = JSON.stringify(networkConfiguration(names, paths), null, 2);
  await writeFile(join(paths.network, "net.d", "10-slipway.conflist"), network);
  for (const { host, content } of registryHosts(names)) {
    await mkdir(join(paths.certs, host), { recursive: true });
    await writeFile(join(paths.certs, host, "hosts.toml"), content);
  }
  // Its own shim must come first on the search path: another version's would speak another protocol.
  const path = `${programs.containerd}:${programs.runc}:${process.env["PATH"]}`;
  const containerd = join(programs.containerd, "containerd");
  const started = await launcher.start("containerd", containerd, ["--config", paths.configuration], { PATH: path });
  const ctr = join(programs.containerd, "ctr");
  const control = ["--address", paths.socket, "--namespace", "k8s.io"];
  await waitFor("containerd", () => run(ctr, [...control, "version"]), {
    timeoutMilliseconds: 60_000,
    processes: [started],
  });
  const sandbox = await sandboxImageArchive(join(programs.sandbox, "sandbox"));
  await run(ctr, [...control, "images", "import", "-"], { input: sandbox });
}

async function applySystemObjects(names: NodeNames, tools: Tools, files: ControlPlaneFiles): Promise<void> {
  const input = JSON.stringify(systemObjects(names, files.admin.caPem));
  await run(tools.kubectl, [`--kubeconfig=${files.kubeconfigs.admin}`, "apply", "--server-side", "-f", "-"], { input });
}

async function startServers(
  name: string,
  names: NodeNames,
  programs: Programs,
  launcher: Launcher,
  files: ControlPlaneFiles,
): Promise<void> {
  const directory = stateDirectory(name);
  const pki = join(directory, "pki");
  const { authority } = files.settings;
  const file = async (base: string, content: string | object) => {
    const path = join(directory, base);
    await writeFile(path, typeof content === "string" ? content : JSON.stringify(content, null, 2));
    return path;
  };
  const client = async (user: string, group?: string) =>
    (await writeClient(directory, files.server, authority, user.split(":")[1] ?? user, user, group)).kubeconfig;
  const serving = (commonName: string, hosts: readonly string[]) =>
    issueCertificate(pki, `${commonName}-serving`, authority, { commonName, hosts });
  const program = (base: string) => join(programs.kubernetes, base);

  await file("resolv.conf", resolverConfiguration(names));
  const kubelet = await writeClient(
    directory,
    files.server,
    authority,
    "kubelet",
    `system:node:${name}`,
    "system:nodes",
  );
  const kubeletServing = await serving("kubelet", [names.nodeAddress, name]);
  const runtime = runtimePaths(directory);
  await file("kubelet.json", kubeletConfiguration(directory, names, runtime, authority, kubeletServing));
  await launcher.start("kubelet", program("kubelet"), kubeletArguments(name, names, directory, kubelet.kubeconfig));

  const proxy = await file("kube-proxy.json", proxyConfiguration(name, names, await client("system:kube-proxy")));
  await launcher.start("kube-proxy", program("kube-proxy"), [`--config=${proxy}`]);

  const dns = await file("Corefile", corefile(names, await client("system:coredns")));
  await launcher.start("coredns", program("coredns"), ["-conf", dns]);

  const metrics = await client("system:metrics-server");
  const metricsServing = await serving("metrics-server", ["metrics-server.kube-system.svc"]);
  const metricsArguments = metricsServerArguments(names, directory, metrics, authority, metricsServing);
  await launcher.start("metrics-server", program("metrics-server"), metricsArguments);

  const registry = await file("registry.json", registryConfiguration(names, directory));
  await launcher.start("docker-registry", "/usr/bin/docker-registry", ["serve", registry]);
}

const nodeReadyTimeoutMilliseconds = 120_000;

async function waitUntilReady(
  name: string,
  names: NodeNames,
  launcher: Launcher,
  files: ControlPlaneFiles,
): Promise<void> {
  const options = {
    timeoutMilliseconds: nodeReadyTimeoutMilliseconds,
    intervalMilliseconds: 200,
    processes: launcher.ledger().processes,
  };
  const get = async (path: string) => JSON.parse(await getAsAdmin(`${files.server}${path}`, files.admin)) as unknown;
  await waitFor(
    `node ${name} Ready`,
    async () => {
      const node = (await get(`/api/v1/nodes/${name}`)) as NodeObject;
      const ready = node.status.conditions.find((each) => each.type === "Ready");
      if (ready?.status !== "True") throw new Error(ready?.message ?? "no condition Ready yet");
    },
    options,
  );
  await waitFor("name service", () => httpOk(`http://${names.nodeAddress}:8181/ready`), options);
  await waitFor("registry", () => httpOk(`http://${names.registryAddress}/v2/`), options);
  await waitFor("default service account", () => get("/api/v1/namespaces/default/serviceaccounts/default"), options);
  await waitFor("metrics of the node", () => get(`/apis/metrics.k8s.io/v1beta1/nodes/${name}`), options);
}

type NodeObject = {
  readonly status: { readonly conditions: readonly { type: string; status: string; message?: string }[] };
};

async function httpOk(url: string): Promise<void> {
  const answer = await fetch(url);
  await answer.text();
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
}
