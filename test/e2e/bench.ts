import type { Status } from "../../operator/api/model.ts";
import { kinds } from "../../operator/api/kinds.ts";
import { labels } from "../../operator/api/names.ts";
import { type Client, createClient } from "../../operator/kube/transport/client.ts";
import { systemClock } from "../../operator/kube/clock.ts";
import { kubeconfigAccess } from "../../operator/kube/transport/credentials.ts";
import { createMetrics } from "../../operator/kube/metrics.ts";
import type { KubeObject, Resource } from "../../operator/kube/transport/resources.ts";
import { createTransport, type Transport } from "../../operator/kube/transport/transport.ts";
import { registryAddress, registryName } from "../cluster/node/addresses.ts";
import { pushArtifact } from "../fixtures/oci.ts";
import { type Pod, podResource } from "./pods.ts";
import { type Installation, installation } from "./setup.ts";

/** A namespace of its own on the real node, which takes restricted pods only, and what a test does in it. */
export interface Bench extends Installation {
  readonly namespace: string;
  /** As admin; quicker than a kubectl for each look. */
  readonly client: Client;
  readonly transport: Transport;
  /** Runs kubectl in the namespace and gives what it printed. */
  kubectl(...parameters: string[]): Promise<string>;
  apply(object: object): Promise<void>;
  /** Merges into a model's spec, as `kubectl patch --type=merge` does. */
  patchModel(name: string, spec: object): Promise<void>;
  get<T extends KubeObject = KubeObject>(resource: Resource, name: string): Promise<T>;
  list<T extends KubeObject = KubeObject>(resource: Resource, labelSelector?: string): Promise<readonly T[]>;
  status(model: string): Promise<Status>;
  /** Pods of a model that are not on their way out, oldest first. */
  pods(model: string): Promise<readonly Pod[]>;
  /** Pushes one file as an artifact and gives its uri. The registry's name is resolved by the pod that pulls it. */
  push(repository: string, tag: string, content: Uint8Array, fileName?: string): Promise<string>;
  /** The namespace goes on being deleted after this: a pod takes its time to drain. */
  stop(): Promise<void>;
}

const namespaceResource: Resource = { group: "", version: "v1", plural: "namespaces", kind: "Namespace" };

/** What is left of an earlier run drains, and goes. */
const cleanUpMs = 120_000;

export async function startBench(namespace: string): Promise<Bench> {
  const installed = await installation();
  const { node } = installed;
  const transport = createTransport({
    ...(await kubeconfigAccess({ file: node.adminKubeconfigPath, clock: systemClock })),
    clock: systemClock,
    random: Math.random,
    metrics: createMetrics(),
    userAgent: "slipway-test",
  });
  const client = createClient(transport, { mayWrite: () => true });
  const bench: Bench = {
    ...installed,
    namespace,
    client,
    transport,
    kubectl: async (...parameters) => (await node.kubectl(["-n", namespace, ...parameters])).stdout.trim(),
    apply: async (object) => {
      await node.kubectl(["-n", namespace, "apply", "-f", "-"], { input: JSON.stringify(object) });
    },
    patchModel: async (name, spec) => {
      await client.patch(kinds.model, namespace, name, { spec }, { type: "merge", fieldManager: "person" });
    },
    get: (resource, name) => client.get(resource, namespace, name),
    list: async (resource, labelSelector) => (await client.list(resource, { namespace, labelSelector })).items as never,
    status: async (model) =>
      (await client.get<KubeObject & { status?: Status }>(kinds.model, namespace, model)).status ?? {},
    pods: async (model) => {
      const { items } = await client.list<Pod>(podResource, { namespace, labelSelector: `${labels.model}=${model}` });
      return items
        .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
        .toSorted((left, right) =>
          (left.metadata.creationTimestamp ?? "") < (right.metadata.creationTimestamp ?? "") ? -1 : 1,
        );
    },
    push: async (repository, tag, content, fileName = "model.onnx") => {
      const path = `${namespace}/${repository}`;
      const files = [{ name: fileName, content }];
      await pushArtifact({ registry: registryAddress, plainHttp: true, repository: path, tag, files });
      return `oci://${registryName}/${path}:${tag}`;
    },
    stop: async () => {
      await node.kubectl(["delete", "namespace", namespace, "--ignore-not-found", "--wait=false"]);
      await transport.close();
    },
  };
  await makeNamespace(bench);
  return bench;
}

async function makeNamespace({ node, client, namespace }: Bench): Promise<void> {
  await node.kubectl(["delete", "namespace", namespace, "--ignore-not-found", `--timeout=${cleanUpMs / 1000}s`]);
  const object = {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: namespace, labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
  };
  await client.create(namespaceResource, object, { fieldManager: "test" });
}
