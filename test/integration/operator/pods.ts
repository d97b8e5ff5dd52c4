/**
 * Pods without a node: a stand-in for the kubelet that writes the status a real one would write, so that the operator
 * can be tested against a real API server and controller-manager alone. The real kubelet is for the e2e tests.
 */
import type { Client } from "../../../operator/kube/transport/client.ts";
import { createReflector, type Reflector } from "../../../operator/kube/watch/reflector.ts";
import type { KubeObject, Resource } from "../../../operator/kube/transport/resources.ts";
import type { Transport } from "../../../operator/kube/transport/transport.ts";
import { systemClock } from "../../../operator/kube/clock.ts";
import { createMetrics } from "../../../operator/kube/metrics.ts";
import { labels } from "../../../operator/api/names.ts";
import type { PodReport } from "../../../server/contract.ts";

/** What becomes of the pods of a version. */
export type Fate =
  | { readonly kind: "ready"; readonly digest: string }
  | { readonly kind: "pending" }
  /** The init container runs, and goes on. */
  | { readonly kind: "fetching" }
  /** In the init container when it is the download that failed, else in the server's. */
  | { readonly kind: "failed"; readonly report: Extract<PodReport, { ok: false }> }
  /** The scheduler finds no node. */
  | { readonly kind: "unschedulable"; readonly message: string }
  /** The kubelet cannot start the init container. */
  | { readonly kind: "waiting"; readonly reason: string; readonly message: string }
  /** The server ends without a report. */
  | { readonly kind: "ended"; readonly exitCode: number; readonly reason: string }
  /** The node's kubelet puts an end to the pod, which is left lying there, and its ReplicaSet makes another. */
  | { readonly kind: "evicted"; readonly message: string };

export interface Pods {
  /** Fate of the pods of a version, from now on; also of those that are there. */
  decide(version: string, fate: Fate): void;
  /** One pod meets its end, whatever the fate of its version. */
  evict(pod: KubeObject, message: string): Promise<void>;
  list(): readonly Pod[];
  stop(): Promise<void>;
}

export interface Pod extends KubeObject {
  readonly spec: { readonly nodeName?: string };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

const podResource: Resource = { group: "", version: "v1", plural: "pods", kind: "Pod" };

/** A kubelet looks every ten seconds which pods are above their limits; one that never waited would make a storm. */
const evictionDelayMs = 1_000;

export function followPods(transport: Transport, client: Client, fallback: Fate): Pods {
  const fates = new Map<string, Fate>();
  const done = new Map<string, Fate>();
  const settle = (pod: Pod): void => {
    const fate = fates.get(pod.metadata.labels?.[labels.version] ?? "") ?? fallback;
    if (pod.metadata.deletionTimestamp !== undefined) {
      removeAtOnce(client, pod);
      return;
    }
    if (fate.kind === "pending" || pod.status?.phase === "Failed" || done.get(pod.metadata.uid) === fate) return;
    done.set(pod.metadata.uid, fate);
    const meet = (): void => {
      writeStatus(pod, fate).catch(() => done.delete(pod.metadata.uid)); // deleted meanwhile; the next event tells
    };
    if (fate.kind === "evicted") setTimeout(meet, evictionDelayMs).unref();
    else meet();
  };
  const writeStatus = (pod: KubeObject, fate: Exclude<Fate, { kind: "pending" }>): Promise<unknown> =>
    client.patch(
      podResource,
      pod.metadata.namespace,
      pod.metadata.name,
      { status: statusFor(fate) },
      { type: "merge", subresource: "status", fieldManager: "kubelet" },
    );
  const pods: Reflector<Pod> = createReflector<Pod, Pod>({
    transport,
    resource: podResource,
    labelSelector: labels.model,
    project: (raw) => raw,
    onChange: (change) => {
      if (change.kind !== "removed") settle(change.now);
    },
    clock: systemClock,
    random: Math.random,
    log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
    metrics: createMetrics(),
  });
  pods.start();
  return {
    decide: (version, fate) => {
      fates.set(version, fate);
      for (const pod of pods.list()) settle(pod);
    },
    evict: async (pod, message) => {
      await writeStatus(pod, { kind: "evicted", message });
    },
    list: () => pods.list(),
    stop: () => pods.stop(),
  };
}

/** A pod that has no node, or whose kubelet is done with it, goes when its grace period is set to nothing. */
function removeAtOnce(client: Client, pod: Pod): void {
  client
    .remove(podResource, pod.metadata.namespace, pod.metadata.name, {
      uid: pod.metadata.uid,
      propagationPolicy: "Background",
    })
    .catch(() => undefined); // already gone
}

function statusFor(fate: Exclude<Fate, { kind: "pending" }>): object {
  const ready = fate.kind === "ready";
  const scheduled = fate.kind !== "unschedulable";
  const { fetch, server } = statesOf(fate);
  return {
    ...(fate.kind === "evicted"
      ? { phase: "Failed", reason: "Evicted", message: fate.message }
      : { phase: ready ? "Running" : "Pending" }),
    conditions: [
      scheduled
        ? conditionOf("PodScheduled", true)
        : { ...conditionOf("PodScheduled", false), reason: "Unschedulable", message: fate.message },
      ...["Initialized", "ContainersReady", "Ready"].map((type) => conditionOf(type, ready)),
    ],
    ...(scheduled
      ? {
          initContainerStatuses: [containerOf("fetch", fetch, ready)],
          containerStatuses: [containerOf("server", server, ready)],
        }
      : {}),
  };
}

/** What the kubelet says of the two containers. */
function statesOf(fate: Exclude<Fate, { kind: "pending" }>): { readonly fetch: object; readonly server: object } {
  const initializing = { waiting: { reason: "PodInitializing" } };
  const fetched = (digest: string): object =>
    endedWith(0, "Completed", { ok: true, stage: "Download", digest, bytes: 1, seconds: 0, signature: digest });
  switch (fate.kind) {
    case "ready":
      return { fetch: fetched(fate.digest), server: { running: { startedAt: now() } } };
    case "failed":
      return fate.report.stage === "Download"
        ? { fetch: endedWith(1, "Error", fate.report), server: initializing }
        : { fetch: fetched(anyDigest), server: endedWith(1, "Error", fate.report) };
    case "fetching":
      return { fetch: { running: { startedAt: now() } }, server: initializing };
    case "waiting":
      return { fetch: { waiting: { reason: fate.reason, message: fate.message } }, server: initializing };
    case "ended":
      return { fetch: fetched(anyDigest), server: endedWith(fate.exitCode, fate.reason) };
    case "evicted": // with the signal by which the kubelet ends a container
      return { fetch: fetched(anyDigest), server: endedWith(137, "Error") };
    case "unschedulable":
      return { fetch: initializing, server: initializing };
  }
}

const anyDigest = `sha256:${"a".repeat(64)}`;

function endedWith(exitCode: number, reason: string, report?: PodReport): object {
  const message = report === undefined ? {} : { message: JSON.stringify(report) };
  return { terminated: { exitCode, reason, ...message, startedAt: now(), finishedAt: now() } };
}

function containerOf(name: string, state: object, ready: boolean): object {
  return { name, image: "registry.test/server:1", imageID: "", ready, restartCount: 0, state };
}

function conditionOf(type: string, holds: boolean): object {
  return { type, status: holds ? "True" : "False", lastTransitionTime: now() };
}

/** Kubernetes keeps times to the second. */
function now(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}

function nothing(): void {
  // A test reads the objects, not the log.
}
