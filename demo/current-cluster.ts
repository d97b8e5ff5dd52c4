import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../test/cluster/command.ts";
import { repositoryDirectory } from "../test/cluster/directories.ts";
import { unpackTools } from "../test/cluster/tools.ts";
import { clientPod } from "./client-pod.ts";
import { type DemoCluster, modelName } from "./cluster.ts";
import { consent, type ConsentOptions, type Context } from "./consent.ts";
import type { Kubectl } from "./diagnosis.ts";
import type { Target } from "./target.ts";

/** All that the demo makes in somebody's cluster is in it, but for what Kubernetes has no namespaces for. */
export const demoNamespace = "slipway-demo";
const crd = "modeldeployments.slipway.dev";
/** By which the demo knows its own namespace again. */
const ownLabels = { "slipway.dev/demo": "true" } as const;

/**
 * The cluster of the current kube context, once a person has agreed to its use. Until then the kubeconfig is read and
 * nothing is sent; from then on every command names the context, so that a switch elsewhere changes nothing here.
 */
export async function currentCluster(
  target: Extract<Target, { kind: "current" }>,
  ask: ConsentOptions["ask"],
): Promise<DemoCluster> {
  const tools = await unpackTools();
  const context = await readCurrentContext(tools.kubectl);
  await consent({ context, plan: planOf(context, target.registry), yesUse: target.yesUse, ask });
  const selected = [`--context=${context.name}`, `--namespace=${demoNamespace}`];
  const kubectl: Kubectl = async (parameters, input) =>
    (await run(tools.kubectl, [...selected, ...parameters], input === undefined ? {} : { input })).stdout;
  await requireOwn(kubectl);
  const modelRepository = `${target.registry}/models/${modelName}`;
  return {
    kubectl,
    helm: async (parameters, input) => {
      const flags = [`--kube-context=${context.name}`];
      return (await run(tools.helm, [...flags, ...parameters], input === undefined ? {} : { input })).stdout;
    },
    systemNamespace: demoNamespace,
    modelNamespace: demoNamespace,
    namespaceLabels: ownLabels,
    registry: { address: target.registry, plainHttp: target.plainHttp },
    plainHttpHosts: target.plainHttp ? [target.registry.replace(/\/.*$/, "")] : [],
    modelRepository,
    pushModel: (tag, content) => pushByCommand(`oci://${modelRepository}:${tag}`, content, target.plainHttp),
    clients: (image) => clientPod(kubectl, { image, exec: [tools.kubectl, ...selected] }),
  };
}

/** What is left to do by hand afterwards. */
export const removal = `helm uninstall slipway --namespace ${demoNamespace}
  kubectl delete namespace ${demoNamespace}
  kubectl delete crd ${crd}`;

async function readCurrentContext(kubectl: string): Promise<Context> {
  const { stdout } = await run(kubectl, ["config", "view", "--minify", "--output=json"]).catch((error: unknown) => {
    throw new Error("the kubeconfig has no current context that could be used: kubectl config use-context NAME", {
      cause: error,
    });
  });
  const config = JSON.parse(stdout) as {
    readonly "current-context": string;
    readonly clusters: readonly { readonly cluster: { readonly server: string } }[] | null;
  };
  return { name: config["current-context"], server: config.clusters?.[0]?.cluster.server ?? "no server" };
}

function planOf({ name, server }: Context, registry: string): string {
  return `
The current kube context is ${name}, at ${server}. In that cluster the demo
  makes the namespace ${demoNamespace} with the operator, a model and a client in it, and
  installs the CRD ${crd}, cluster roles and an admission policy of Slipway.
Images and two versions of a model are pushed to ${registry}.
`;
}

/** Another Slipway, or another one's namespace, is left alone. */
async function requireOwn(kubectl: Kubectl): Promise<void> {
  const release = ".metadata.annotations.meta\\.helm\\.sh/release-namespace";
  const installed = await kubectl(["get", "crd", crd, "--ignore-not-found", "-o", `jsonpath={.kind} of {${release}}`]);
  if (installed !== "" && !installed.endsWith(` of ${demoNamespace}`)) {
    throw new Error(
      `Slipway is installed in this cluster already, and the demo leaves it alone: kubectl get crd ${crd}`,
    );
  }
  const found = await kubectl(["get", "namespace", demoNamespace, "--ignore-not-found", "-o", "json"]);
  if (found === "") return;
  const { metadata } = JSON.parse(found) as {
    readonly metadata: { readonly labels?: Readonly<Record<string, string>> };
  };
  if (Object.entries(ownLabels).every(([name, value]) => metadata.labels?.[name] === value)) return;
  throw new Error(`the namespace ${demoNamespace} is there and was not made by the demo, which leaves it alone`);
}

/** As a user would, with the logins that docker and oras leave. */
async function pushByCommand(uri: string, content: Uint8Array, plainHttp: boolean): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "slipway-demo-"));
  try {
    const file = join(folder, "model.onnx");
    await writeFile(file, content);
    const command = [join(repositoryDirectory, "cli", "main.ts"), "push", file, uri, "--output=json"];
    const { stdout } = await run(process.execPath, [...command, ...(plainHttp ? ["--plain-http"] : [])]);
    const { digest } = JSON.parse(stdout) as { readonly digest: string };
    return `${uri} is ${digest}`;
  } finally {
    await rm(folder, { recursive: true });
  }
}
