import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { repositoryDirectory } from "../test/cluster/directories.ts";
import { nodeNames, registryName } from "../test/cluster/node/addresses.ts";
import type { RunningNode } from "../test/cluster/node/node.ts";
import { pushArtifact } from "../test/fixtures/oci.ts";
import { requestBody } from "./change.ts";
import type { Kubectl } from "./diagnosis.ts";

/** A registry as images are pushed to it and pulled from it. */
export interface ImageRegistry {
  /** `host[:port][/path]` */
  readonly address: string;
  /** Without TLS. */
  readonly plainHttp: boolean;
}

/** The Kubernetes that the demo works on. */
export interface DemoCluster {
  /** In the model's namespace unless the command says otherwise. */
  readonly kubectl: Kubectl;
  helm(parameters: readonly string[], input?: string): Promise<string>;
  readonly systemNamespace: string;
  readonly modelNamespace: string;
  /** Of the system's namespace, beside those that the chart's pods allow. */
  readonly namespaceLabels: Readonly<Record<string, string>>;
  readonly registry: ImageRegistry;
  /** Hosts that the operator lets models be pulled from without TLS. */
  readonly plainHttpHosts: readonly string[];
  /** What the uris of the model begin with, after `oci://`. */
  readonly modelRepository: string;
  /** Pushes one version of the model under a tag; gives what it was pushed as. */
  pushModel(tag: string, content: Uint8Array): Promise<string>;
  /** The demo's clients, where the model's Service can be reached by its address. `image` has a Node.js in it. */
  clients(image: string): Promise<Clients>;
}

export interface Clients {
  /** Command of demo/predict.ts, for an address and a picture. */
  readonly predict: readonly string[];
  readonly pictureFile: string;
  /** Command of test/load/main.ts. */
  readonly load: readonly string[];
  /** The body of its requests. */
  readonly bodyFile: string;
}

export const modelName = "text-direction";
export const pictureFile = join(repositoryDirectory, "demo", "pictures", "platform.png");

/** The node that the demo itself has started. The clients run on this machine, in the network of the node. */
export function nodeCluster(node: RunningNode): DemoCluster {
  const { registryAddress } = node;
  const repository = `models/${modelName}`;
  const inNode = ["nsenter", `--net=${nodeNames(node.name).networkNamespaceFile}`, process.execPath];
  return {
    kubectl: kubectlOf(node),
    helm: async (parameters, input) => (await node.helm(parameters, input === undefined ? {} : { input })).stdout,
    systemNamespace: "slipway-system",
    modelNamespace: "default",
    namespaceLabels: {},
    registry: { address: registryAddress, plainHttp: true },
    // By the name that pods resolve, and by the address that needs no look-up.
    plainHttpHosts: [registryName, registryAddress],
    modelRepository: `${registryName}/${repository}`,
    pushModel: async (tag, content) => {
      const files = [{ name: "model.onnx", content }];
      const { digest } = await pushArtifact({ registry: registryAddress, plainHttp: true, repository, tag, files });
      return `${registryAddress}/${repository}:${tag} is ${digest}`;
    },
    clients: async () => ({
      predict: [...inNode, join(repositoryDirectory, "demo", "predict.ts")],
      pictureFile,
      load: [...inNode, join(repositoryDirectory, "test", "load", "main.ts")],
      bodyFile: await writeRequestBody(),
    }),
  };
}

function kubectlOf(node: RunningNode): Kubectl {
  return async (parameters, input) => (await node.kubectl(parameters, input === undefined ? {} : { input })).stdout;
}

async function writeRequestBody(): Promise<string> {
  const folder = join(repositoryDirectory, "build", "demo");
  const file = join(folder, "request.json");
  await mkdir(folder, { recursive: true });
  await writeFile(file, requestBody(await readFile(pictureFile)));
  return file;
}
