import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeAccountKubeconfig } from "../../cluster/account-kubeconfig.ts";
import { createAuthority, issueCertificate } from "../../cluster/certificates.ts";
import { run } from "../../cluster/command.ts";
import type { ControlPlane } from "../../cluster/control-plane.ts";
import { modulesDirectory } from "../../cluster/directories.ts";
import { type StartedProcess, startTied, stopProcess } from "../../cluster/processes.ts";
import { buildPrograms } from "../../cluster/programs.ts";
import { waitFor } from "../../cluster/wait.ts";

/** KEDA as two processes beside a control plane: its operator, and the adapter that its autoscalers read from. */
export interface Keda {
  stop(): Promise<void>;
}

/** As KEDA's own manifests name them. */
const namespace = "keda";
const account = { namespace, name: "keda-operator" };
const adapterService = "keda-metrics-apiserver";
const externalMetrics = { group: "external.metrics.k8s.io", version: "v1beta1" };
const kedaModule = "github.com/kedacore/keda/v2";

const ports = { metrics: 9666, operatorProbes: 9081, adapter: 9443 } as const;
/** Both are there within seconds on a quiet machine. */
const startMilliseconds = 60_000;
const stopPatienceMilliseconds = 10_000;

/**
 * What KEDA is allowed to do with what it scales, in place of `get` and `scale` of everything, which its own role has.
 * It takes this and no more, and docs/how-to/autoscale.md says so.
 */
const rightsOnModels = [
  { apiGroups: ["slipway.dev"], resources: ["modeldeployments"], verbs: ["get"] },
  { apiGroups: ["slipway.dev"], resources: ["modeldeployments/scale"], verbs: ["get", "update"] },
];

/**
 * Starts KEDA with its own CRDs and, but for {@link rightsOnModels}, its own roles. The API server has to run with
 * `--enable-aggregator-routing=false`: by endpoints, which may not be on loopback, it would not find the adapter.
 */
export async function startKeda(plane: ControlPlane): Promise<Keda> {
  const [programs, sources] = await Promise.all([buildPrograms(["keda"]), moduleFolder()]);
  const directory = await mkdtemp(join(tmpdir(), "slipway-keda-"));
  const address = new URL(plane.server).hostname;
  await install(plane, join(sources, "config"));
  const kubeconfig = await writeAccountKubeconfig(join(directory, "kubeconfig"), plane, account);
  const certificates = await writeCertificates(join(directory, "certs"), address);
  await announce(plane, address, join(certificates, "ca.crt"));
  const processes: StartedProcess[] = [];
  const start = (name: "operator" | "adapter", parameters: readonly string[]): void => {
    const environment = {
      KUBECONFIG: kubeconfig,
      POD_NAMESPACE: namespace,
      KEDA_CLUSTER_OBJECT_NAMESPACE: namespace,
      WATCH_NAMESPACE: "",
    };
    const path = join(programs.keda, name);
    const logFile = join(directory, `${name}.log`);
    processes.push(startTied({ name: `KEDA's ${name}`, path, parameters, logFile, directory, environment }));
  };
  const stop = async (): Promise<void> => {
    for (const each of processes) await stopProcess(each, stopPatienceMilliseconds);
    await rm(directory, { recursive: true, force: true });
  };
  start("operator", [
    `--metrics-service-bind-address=${address}:${ports.metrics}`,
    `--health-probe-bind-address=${address}:${ports.operatorProbes}`,
    "--enable-prometheus-metrics=false",
    `--cert-dir=${certificates}`,
  ]);
  start("adapter", [
    `--metrics-service-address=${address}:${ports.metrics}`,
    `--bind-address=${address}`,
    `--secure-port=${ports.adapter}`,
    // Of its own metrics; any free port.
    "--port=0",
    ...["lister", "authentication", "authorization"].map((use) => `--${use}-kubeconfig=${kubeconfig}`),
    `--cert-dir=${certificates}`,
    `--tls-cert-file=${join(certificates, "tls.crt")}`,
    `--tls-private-key-file=${join(certificates, "tls.key")}`,
  ]);
  try {
    const { group, version } = externalMetrics;
    await waitFor("KEDA's metrics to be served", () => plane.kubectl(["get", "--raw", `/apis/${group}/${version}`]), {
      timeoutMilliseconds: startMilliseconds,
      processes,
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}

/** Where Go has unpacked the sources of KEDA, checked against go.sum. */
async function moduleFolder(): Promise<string> {
  const { stdout } = await run("go", ["mod", "download", "-json", kedaModule], {
    directory: join(modulesDirectory, "keda"),
    environment: { GOWORK: "off", GOFLAGS: "" },
  });
  return (JSON.parse(stdout) as { readonly Dir: string }).Dir;
}

interface ClusterRole {
  readonly rules: readonly { readonly apiGroups: readonly string[] }[];
}

async function install(plane: ControlPlane, manifests: string): Promise<void> {
  await plane.kubectl(["create", "namespace", namespace]);
  // On the server's side, as one of the CRDs is larger than what kubectl may leave in an annotation.
  const files = ["crd/bases", "service_account/service_account.yaml", "rbac/role.yaml", "rbac/role_binding.yaml"];
  const adapterFiles = ["metrics-server/role.yaml", "metrics-server/role_binding.yaml"];
  for (const file of [...files, ...adapterFiles]) {
    await plane.kubectl(["apply", "--server-side", "-f", join(manifests, file)]);
  }
  const { stdout } = await plane.kubectl(["get", "clusterrole", account.name, "-o", "json"]);
  const role = JSON.parse(stdout) as ClusterRole;
  const rules = [...role.rules.filter(({ apiGroups }) => !apiGroups.includes("*")), ...rightsOnModels];
  await plane.kubectl(["replace", "-f", "-"], { input: JSON.stringify({ ...role, rules }) });
}

/** Leads the API server to the adapter, which is no pod: by a name that is an address. */
async function announce(plane: ControlPlane, address: string, authority: string): Promise<void> {
  const { group, version } = externalMetrics;
  const service = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: adapterService, namespace },
    spec: { type: "ExternalName", externalName: address },
  };
  const apiService = {
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: { name: `${version}.${group}` },
    spec: {
      group,
      version,
      groupPriorityMinimum: 100,
      versionPriority: 100,
      service: { name: adapterService, namespace, port: ports.adapter },
      caBundle: (await readFile(authority)).toString("base64"),
    },
  };
  const input = JSON.stringify({ apiVersion: "v1", kind: "List", items: [service, apiService] });
  await plane.kubectl(["apply", "-f", "-"], { input });
}

/** One certificate for both, under the names that KEDA reads. */
async function writeCertificates(directory: string, address: string): Promise<string> {
  const authority = await createAuthority(directory, "ca");
  const hosts = [address, `${adapterService}.${namespace}.svc`];
  await issueCertificate(directory, "tls", authority, { commonName: "keda", hosts });
  return directory;
}
