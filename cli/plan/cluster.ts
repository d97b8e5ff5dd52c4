/**
 * A cluster that exists on paper: it keeps what a plan writes and lets pods get on as real ones do when all goes well.
 * So a plan can be followed to its end without a cluster.
 */
import { stringsAt, valueAt } from "../../operator/api/json.ts";
import { kinds } from "../../operator/api/kinds.ts";
import type { Model } from "../../operator/api/model.ts";
import { labels, versionsName } from "../../operator/api/names.ts";
import { containerWithoutRequest, type PodRequests } from "../../operator/api/requests.ts";
import type { Write } from "../../operator/plan/children/children.ts";
import type {
  BuildDefaults,
  Observed,
  ObservedChild,
  ObservedContainer,
  ObservedPod,
} from "../../operator/plan/observed.ts";
import { annotations } from "../../server/contract.ts";
import { mergePatch } from "./merge-patch.ts";

export interface PaperCluster {
  readonly now: number;
  readonly model: Model;
  readonly defaults: BuildDefaults;
  /** By `Kind/name`. */
  readonly children: ReadonlyMap<string, ObservedChild>;
  readonly pods: readonly ObservedPod[];
  /** What versions that name no digest turn out to be, where that is known. */
  readonly digests: Digests;
}

/** By version name. */
export type Digests = ReadonlyMap<string, string>;

export function emptyCluster(model: Model, defaults: BuildDefaults, now: number): PaperCluster {
  return { now, model, defaults, children: new Map(), pods: [], digests: new Map() };
}

export function observe({ now, model, defaults, children, pods }: PaperCluster): Observed {
  const { name } = model.metadata;
  const of = (kind: string): ObservedChild[] =>
    [...children].filter(([key]) => key.startsWith(`${kind}/`)).map(([, child]) => child);
  return {
    now,
    model,
    deployments: of(kinds.deployment.kind),
    controllerRevisions: of(kinds.controllerRevision.kind),
    pods,
    endedPods: [],
    service: children.get(`${kinds.service.kind}/${name}`),
    versions: children.get(`${kinds.configMap.kind}/${versionsName(name)}`),
    podDisruptionBudget: children.get(`${kinds.podDisruptionBudget.kind}/${name}`),
    horizontalPodAutoscaler: children.get(`${kinds.horizontalPodAutoscaler.kind}/${name}`),
    networkPolicy: children.get(`${kinds.networkPolicy.kind}/${name}`),
    rivalAutoscalers: [],
    nodes: [],
    defaults,
  };
}

/** The cluster after one write of a plan. */
export function written(cluster: PaperCluster, write: Write): PaperCluster {
  const key = `${write.kind.kind}/${write.name}`;
  const children = new Map(cluster.children);
  if (write.verb === "delete") {
    children.delete(key);
    return { ...cluster, children };
  }
  if (write.kind.kind === kinds.pod.kind) {
    const isOut = valueAt(write.body, "metadata", "annotations", annotations.inService) === "false";
    const pods = cluster.pods.map((pod) => (pod.name === write.name ? { ...pod, outOfService: isOut } : pod));
    return { ...cluster, pods };
  }
  const found = children.get(key);
  const object = write.verb === "patch" && found !== undefined ? mergePatch(found.object, write.body) : write.body;
  children.set(key, { ...(found ?? newChild(write.name)), object });
  return { ...cluster, children };
}

function newChild(name: string): Omit<ObservedChild, "object"> {
  return { name, uid: `uid-of-${name}`, deleting: false, rival: undefined, replicaFailure: undefined };
}

/** Pods as the Deployments want them, each of them fetched and ready. The same cluster when nothing was left to do. */
export function gotOn(cluster: PaperCluster): PaperCluster {
  const deployments = observe(cluster).deployments;
  const pods = deployments.flatMap((deployment) => podsOf(deployment, cluster));
  const isSame = pods.length === cluster.pods.length && pods.every((pod) => cluster.pods.includes(pod));
  return isSame ? cluster : { ...cluster, pods };
}

function podsOf({ name, object }: ObservedChild, { pods, model, now, digests }: PaperCluster): ObservedPod[] {
  const own = stringsAt(object, "metadata", "labels");
  const revision = own[labels.revision] ?? "";
  const version = own[labels.version] ?? "";
  const replicas = Number(valueAt(object, "spec", "replicas") ?? 0);
  const kept = pods.filter((pod) => pod.revision === revision).slice(0, replicas);
  const entry = model.spec.versions.find((candidate) => candidate.name === version);
  const digest = entry?.digest ?? digests.get(version) ?? unknownDigest;
  const spec = (valueAt(object, "spec", "template", "spec") ?? {}) as PodRequests;
  const added = Array.from({ length: Math.max(0, replicas - kept.length) }, (_, index) =>
    readyPod({ name: `${name}-${kept.length + index}`, revision, version, digest, readySince: now, spec }),
  );
  return [...kept, ...added];
}

/** Stands for what is found at the first download. */
export const unknownDigest = `sha256:${"0".repeat(64)}`;

function readyPod(
  pod: Pick<ObservedPod, "name" | "revision" | "version"> & { digest: string; readySince: number; spec: PodRequests },
): ObservedPod {
  const { name, revision, version, digest, readySince, spec } = pod;
  const report = { ok: true, stage: "Download", digest, bytes: 0, seconds: 0, signature: "" } as const;
  const fetch: ObservedContainer = {
    state: "terminated",
    waiting: undefined,
    termination: { exitCode: 0, reason: "Completed", report, text: "" },
  };
  const server: ObservedContainer = { state: "running", waiting: undefined, termination: undefined };
  return {
    name,
    uid: `uid-of-${name}`,
    revision,
    version,
    createdAt: readySince,
    deleting: false,
    leaving: undefined,
    node: "",
    ready: true,
    readySince,
    outOfService: false,
    unschedulable: undefined,
    // What a LimitRange of the namespace would add is not known here.
    withoutCpuRequest: containerWithoutRequest(spec, "cpu"),
    withoutMemoryRequest: containerWithoutRequest(spec, "memory"),
    fetch,
    server,
  };
}
