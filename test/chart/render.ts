import { join } from "node:path";
import { loadAll } from "js-yaml";
import { run } from "../cluster/command.ts";
import { repositoryDirectory } from "../cluster/directories.ts";
import { unpackTools } from "../cluster/tools.ts";

/** A rendered object; what a test reads of it, it names by type at the place where it reads. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

export const chartDirectory = join(repositoryDirectory, "charts", "slipway");

export const release = { name: "slipway", namespace: "slipway-system" } as const;

/** The least that has to be given: images are published nowhere that the chart could name. */
export const leastValues = {
  image: { repository: "registry.example.com/slipway/operator" },
  server: { image: { repository: "registry.example.com/slipway/server" } },
} as const;

/** Rights in two namespaces instead of in the cluster. */
export const namespacedValues = { ...leastValues, watchNamespaces: ["team-a", "team-b"] } as const;

/** Every value another one than the default, apart from `watchNamespaces`, which leaves objects out. */
export const fullValues = {
  imageRegistry: "mirror.example.com/proxy",
  image: {
    repository: "registry.example.com:5000/slipway/operator",
    tag: "1.2.3",
    digest: `sha256:${"a".repeat(64)}`,
    pullPolicy: "Always",
  },
  server: {
    image: {
      repository: "registry.example.com:5000/slipway/server",
      tag: "4.5.6",
      digest: `sha256:${"b".repeat(64)}`,
    },
    gpuImage: {
      repository: "registry.example.com:5000/slipway/server-gpu",
      tag: "7.8.9",
      digest: `sha256:${"c".repeat(64)}`,
    },
  },
  imagePullSecrets: [{ name: "registry-login" }],
  replicas: 3,
  workers: 8,
  resources: { requests: { cpu: "100m", memory: "192Mi" }, limits: { cpu: 1, memory: "384Mi" } },
  logLevel: "debug",
  env: [
    { name: "NODE_OPTIONS", value: "--use-openssl-ca" },
    { name: "HTTPS_PROXY", valueFrom: { secretKeyRef: { name: "proxy", key: "url" } } },
  ],
  registries: {
    plainHttpHosts: ["registry.local:5000", "10.0.0.1"],
    certificateAuthority: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
  },
  proxy: {
    https: "http://proxy.example.com:3128",
    http: "http://[fd00::1]:3128/",
    noProxy: ["*.example.internal", "10.0.0.0/8", "[fd00::2]:5000"],
  },
  crds: { install: true, keep: false },
  rbac: { aggregate: false },
  limits: { maxReplicas: 20, maxGpus: 2, allowedSources: ["oci://registry.example.com/models/", "pvc://"] },
  serviceAccount: { name: "models", annotations: { team: "ml" } },
  networkPolicy: { enabled: true, apiServerPorts: [7443], apiServerCidrs: ["10.0.0.0/28", "fd00::/64"] },
  podMonitor: { enabled: true, labels: { release: "prometheus" }, interval: "10s" },
  prometheusRule: { enabled: true, labels: { release: "prometheus" } },
  grafanaDashboard: { enabled: true, labels: { dashboards: "all" }, annotations: { grafana_folder: "Models" } },
  fullnameOverride: "models",
  commonLabels: { owner: "platform", "app.kubernetes.io/managed-by": "somebody" },
  deploymentAnnotations: { note: "two" },
  deploymentLabels: { tier: "backend" },
  podAnnotations: { note: "one" },
  podLabels: { team: "ml" },
  nodeSelector: { pool: "system" },
  tolerations: [{ key: "dedicated", operator: "Exists" }],
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: "kubernetes.io/arch", operator: "In", values: ["amd64"] }] }],
      },
    },
  },
  topologySpreadConstraints: [
    { maxSkew: 2, topologyKey: "topology.kubernetes.io/zone", whenUnsatisfiable: "DoNotSchedule" },
    {
      maxSkew: 1,
      topologyKey: "kubernetes.io/hostname",
      whenUnsatisfiable: "ScheduleAnyway",
      labelSelector: { matchLabels: { team: "ml" } },
    },
  ],
  priorityClassName: "system-cluster-critical",
  extraObjects: [
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "models-extra" }, data: { kept: "{{ as it is }}" } },
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: models-text}\ndata: {release: '{{ .Release.Name }}'}\n",
  ],
} as const;

/** Runs helm with the given values; an error holds what helm says. */
export async function helm(command: readonly string[], values: object): Promise<string> {
  const tools = await unpackTools();
  const parameters = [...command, "--namespace", release.namespace, "--values", "-"];
  const { stdout } = await run(tools.helm, parameters, { input: JSON.stringify(values), timeoutMilliseconds: 60_000 });
  return stdout;
}

export async function renderText(values: object): Promise<string> {
  return helm(["template", release.name, chartDirectory], values);
}

/** Without the objects that only `helm test` makes. */
export async function renderInstalled(values: object): Promise<readonly Manifest[]> {
  return (await render(values)).filter(({ metadata }) => metadata.annotations?.["helm.sh/hook"] === undefined);
}

export async function render(values: object): Promise<readonly Manifest[]> {
  const documents = loadAll(await renderText(values)) as (Manifest | null)[];
  return documents.filter((document) => document !== null);
}

/** The one object of a kind, and of a name if one is given; more or fewer is an error. */
export function only(manifests: readonly Manifest[], kind: string, name?: string): Manifest {
  const found = manifests.filter((each) => each.kind === kind && (name === undefined || each.metadata.name === name));
  const [first] = found;
  if (first === undefined || found.length > 1) {
    throw new Error(
      `there are ${found.length} objects of kind ${kind}${name === undefined ? "" : ` and name ${name}`}`,
    );
  }
  return first;
}
