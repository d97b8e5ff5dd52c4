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

/** Every value another one than the default. */
export const fullValues = {
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
  },
  imagePullSecrets: [{ name: "registry-login" }],
  replicas: 3,
  resources: { requests: { cpu: "100m", memory: "192Mi" }, limits: { cpu: 1, memory: "384Mi" } },
  logLevel: "debug",
  registries: {
    plainHttpHosts: ["registry.local:5000", "10.0.0.1"],
    certificateAuthority: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
  },
  crds: { install: true, keep: false },
  serviceAccount: { name: "models", annotations: { team: "ml" } },
  fullnameOverride: "models",
  podAnnotations: { note: "one" },
  podLabels: { team: "ml" },
  nodeSelector: { "kubernetes.io/os": "linux" },
  tolerations: [{ key: "dedicated", operator: "Exists" }],
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: "kubernetes.io/arch", operator: "In", values: ["amd64"] }] }],
      },
    },
  },
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

export async function render(values: object): Promise<readonly Manifest[]> {
  const documents = loadAll(await renderText(values)) as (Manifest | null)[];
  return documents.filter((document) => document !== null);
}

/** The one object of a kind; more or fewer is an error. */
export function only(manifests: readonly Manifest[], kind: string): Manifest {
  const found = manifests.filter((manifest) => manifest.kind === kind);
  const [first] = found;
  if (first === undefined || found.length > 1) throw new Error(`there are ${found.length} objects of kind ${kind}`);
  return first;
}
