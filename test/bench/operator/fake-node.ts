/**
 * One very large Node and its kubelet without containers, as a process of its own: a pod that the scheduler binds to
 * it turns ready 0.2 s later, with the report that the download step leaves; a deleted one is gone at once. Ends with
 * its standard input.
 */
import { parseArgs } from "node:util";
import { containers } from "../../../operator/api/names.ts";
import { createClient } from "../../../operator/kube/transport/client.ts";
import { systemClock } from "../../../operator/kube/clock.ts";
import { kubeconfigAccess } from "../../../operator/kube/transport/credentials.ts";
import { createMetrics } from "../../../operator/kube/metrics.ts";
import { createReflector } from "../../../operator/kube/watch/reflector.ts";
import type { KubeObject, Resource } from "../../../operator/kube/transport/resources.ts";
import { createTransport } from "../../../operator/kube/transport/transport.ts";
import type { FetchReport } from "../../../server/contract.ts";
import { benchDigest } from "./model.ts";

const readyAfterMs = 200;
const name = "fake";
const nodes: Resource = { group: "", version: "v1", plural: "nodes", kind: "Node" };
const pods: Resource = { group: "", version: "v1", plural: "pods", kind: "Pod" };
/** Nothing that is measured may ever wait for room. */
const room = { cpu: "1000000", memory: "1000Ti", pods: "100000", "ephemeral-storage": "1000Ti" };
const how = { type: "merge", fieldManager: "kubelet" } as const;

const { values } = parseArgs({ options: { kubeconfig: { type: "string" } } });
const clock = systemClock;
const metrics = createMetrics();
const random = Math.random;
const quiet = { debug: nothing, info: nothing, warn: complain, error: complain };
const access = await kubeconfigAccess({ file: values.kubeconfig, clock });
const transport = createTransport({ ...access, clock, random, metrics, userAgent: "fake-node" });
const client = createClient(transport, { mayWrite: () => true });

const labels = { "kubernetes.io/hostname": name, "kubernetes.io/os": "linux" };
await client.create(nodes, { apiVersion: "v1", kind: "Node", metadata: { name, labels } } as never, how);
await client.patch(nodes, undefined, name, { spec: { taints: null } }, how);
const status = { capacity: room, allocatable: room, conditions: [condition("Ready")] };
await client.patch(nodes, undefined, name, { status }, { ...how, subresource: "status" });

const running = new Set<string>();
let addresses = 0;
const kubelet = createReflector<Pod, RawPod>({
  transport,
  resource: pods,
  fieldSelector: `spec.nodeName=${name}`,
  project: ({ metadata, spec }) => ({
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    uid: metadata.uid,
    deleting: metadata.deletionTimestamp !== undefined,
    containers: spec.containers,
    initContainers: spec.initContainers ?? [],
  }),
  onChange: (change) => {
    if (change.kind === "removed") running.delete(change.before.uid);
    else if (change.now.deleting) remove(change.now).catch(complain);
    else if (!running.has(change.now.uid)) {
      running.add(change.now.uid);
      setTimeout(() => void turnReady(change.now).catch(complain), readyAfterMs);
    }
  },
  clock,
  random,
  log: quiet,
  metrics,
});
kubelet.start();
await kubelet.whenSynced();
process.stdout.write("ready\n");
process.stdin.resume().once("end", () => process.exit(0));

interface Pod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly deleting: boolean;
  readonly containers: readonly Container[];
  readonly initContainers: readonly Container[];
}

interface Container {
  readonly name: string;
  readonly image: string;
}

interface RawPod extends KubeObject {
  readonly spec: { readonly containers: readonly Container[]; readonly initContainers?: readonly Container[] };
}

async function turnReady(pod: Pod): Promise<void> {
  if (!running.has(pod.uid)) return;
  addresses += 1;
  const podIP = `10.200.${(addresses >> 8) & 255}.${addresses & 255}`;
  const now = timestamp();
  const ready = {
    phase: "Running",
    podIP,
    podIPs: [{ ip: podIP }],
    startTime: now,
    conditions: ["PodScheduled", "Initialized", "ContainersReady", "Ready"].map(condition),
    initContainerStatuses: pod.initContainers.map((container) => ({
      ...common(container),
      state: { terminated: { exitCode: 0, reason: "Completed", message: report(container.name), finishedAt: now } },
    })),
    containerStatuses: pod.containers.map((container) => ({
      ...common(container),
      started: true,
      state: { running: { startedAt: now } },
    })),
  };
  await client.patch(pods, pod.namespace, pod.name, { status: ready }, { ...how, subresource: "status" });
}

/** What every container's status says. */
function common({ name: container, image }: Container): object {
  return { name: container, image, imageID: image, ready: true, restartCount: 0 };
}

async function remove({ namespace, name: pod, uid }: Pod): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/pods/${pod}`;
  const body = { apiVersion: "v1", kind: "DeleteOptions", gracePeriodSeconds: 0, preconditions: { uid } };
  await transport.request({ method: "DELETE", path, body });
}

function report(container: string): string {
  if (container !== containers.fetch) return "";
  const done: FetchReport = {
    ok: true,
    stage: "Download",
    digest: benchDigest,
    bytes: 1_000_000,
    seconds: 0.2,
    signature: benchDigest,
  };
  return JSON.stringify(done);
}

function condition(type: string): object {
  return { type, status: "True", lastTransitionTime: timestamp() };
}

function timestamp(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}

function nothing(): void {
  // A figure is read from the API server, not from this log.
}

/** A pod that is gone meanwhile is no fault; everything else should be seen. */
function complain(...what: unknown[]): void {
  if (String(what[0]).includes("404")) return;
  process.stderr.write(`fake node: ${what.map(String).join(" ")}\n`);
}
