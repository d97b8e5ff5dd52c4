import assert from "node:assert/strict";
import { labels } from "../../operator/api/names.ts";
import { systemClock } from "../../operator/kube/clock.ts";
import { createMetrics } from "../../operator/kube/metrics.ts";
import { createReflector } from "../../operator/kube/watch/reflector.ts";
import type { KubeObject, Resource } from "../../operator/kube/transport/resources.ts";
import type { Bench } from "./bench.ts";

export interface Pod extends KubeObject {
  readonly spec: { readonly containers: readonly { readonly image: string }[] };
  readonly status: {
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

interface ContainerStatus {
  readonly restartCount: number;
  readonly state?: State;
  readonly lastState?: State;
}

interface State {
  readonly terminated?: Termination;
}

interface Termination {
  readonly exitCode: number;
  /** To the second. */
  readonly finishedAt: string;
}

export const podResource: Resource = { group: "", version: "v1", plural: "pods", kind: "Pod" };

export function uids(pods: readonly Pod[]): string[] {
  return pods.map(({ metadata }) => metadata.uid).toSorted();
}

export function versionOf({ metadata }: Pod): string | undefined {
  return metadata.labels?.[labels.version];
}

export function addressOf({ metadata, status }: Pod): string {
  assert.ok(status.podIP, `${metadata.name} has no address`);
  return status.podIP;
}

export function isReady({ status }: Pod): boolean {
  return status.conditions?.find(({ type }) => type === "Ready")?.status === "True";
}

/** The newest end of the init container or of the server, be it the state now or the one before a restart. */
export function terminationOf({ status }: Pod, container: "fetch" | "server"): Termination | undefined {
  const statuses = container === "fetch" ? status.initContainerStatuses : status.containerStatuses;
  return statuses?.[0]?.state?.terminated ?? statuses?.[0]?.lastState?.terminated;
}

export interface PodHistory {
  /** Every pod of a model that there has been since the start, each as it was last seen, those that are gone included. */
  of(model: string): readonly Pod[];
  /** When a container of the pod first failed, in ms since the epoch, to the second. */
  firstFailureMs(pod: Pod): number | undefined;
  stop(): Promise<void>;
}

export async function followPods(bench: Bench): Promise<PodHistory> {
  const seen = new Map<string, Pod>();
  const failedAt = new Map<string, number>();
  const stop = await watchPods(bench, (pod) => {
    const { uid } = pod.metadata;
    seen.set(uid, pod);
    const [failure] = [terminationOf(pod, "fetch"), terminationOf(pod, "server")].filter(
      (end) => end !== undefined && end.exitCode > 0,
    );
    if (failure !== undefined && !failedAt.has(uid)) failedAt.set(uid, Date.parse(failure.finishedAt));
  });
  return {
    of: (model) => [...seen.values()].filter(({ metadata }) => metadata.labels?.[labels.model] === model),
    firstFailureMs: ({ metadata }) => failedAt.get(metadata.uid),
    stop,
  };
}

/** Every pod of the namespace as it changes, a last time when it is gone, until the returned function is called. */
export async function watchPods(bench: Bench, onPod: (pod: Pod) => void): Promise<() => Promise<void>> {
  const pods = createReflector<Pod, Pod>({
    transport: bench.transport,
    resource: podResource,
    namespace: bench.namespace,
    project: (raw) => raw,
    onChange: (change) => onPod(change.kind === "removed" ? change.before : change.now),
    clock: systemClock,
    random: Math.random,
    log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
    metrics: createMetrics(),
  });
  pods.start();
  await pods.whenSynced();
  return () => pods.stop();
}

function nothing(): void {
  // A test reads the objects, not the log.
}
