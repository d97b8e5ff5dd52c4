import { type JsonObject, stringsAt, valueAt } from "../../operator/api/json.ts";
import { labels } from "../../operator/api/names.ts";
import { containerWithoutRequest, type PodRequests } from "../../operator/api/requests.ts";
import type { ObservedChild, ObservedPod } from "../../operator/plan/observed.ts";
import { podOf } from "../../operator/plan/pods/test-pod.ts";
import type { PodReport } from "../../server/contract.ts";
import type { World } from "./world.ts";

/** Deployments make and take pods, pods get on; `chance` (in [0, 1)) decides which of them do. */
export function tick(world: World, seconds: number, chance: () => number): void {
  world.now += seconds * 1000;
  world.pods = world.pods.filter((pod) => !pod.deleting);
  for (const [key, child] of world.children) {
    if (key.startsWith("Deployment/")) syncDeployment(world, child);
  }
  const deployments = [...world.children].filter(([key]) => key.startsWith("Deployment/"));
  const owners = new Set(deployments.map(([, { object }]) => stringsAt(object, "metadata", "labels")[labels.revision]));
  for (const pod of world.pods) {
    // Found by its kubelet to take too much of the node, as soon as it has its model.
    const doomed = world.behaviour.get(pod.version) === "evicted" && pod.fetch.termination !== undefined;
    if (doomed && !pod.deleting) evict(world, pod);
  }
  world.pods = world.pods.map((pod) => {
    if (!owners.has(pod.revision)) return { ...pod, deleting: true, ready: false };
    return chance() < 0.6 ? advance(world, pod) : pod;
  });
  world.endedPods = world.endedPods.filter(({ revision }) => owners.has(revision));
}

/** Its node puts an end to a pod, and it is left lying. */
export function evict(world: World, pod: ObservedPod): void {
  world.pods = world.pods.filter(({ uid }) => uid !== pod.uid);
  const { name, uid, revision, createdAt } = pod;
  world.endedPods.push({
    name,
    uid,
    revision,
    createdAt,
    failed: true,
    reason: "Evicted",
    message: shortOfDisk,
    at: world.now,
  });
}

const shortOfDisk = "The node was low on resource: ephemeral-storage.";

function syncDeployment(world: World, deployment: ObservedChild): void {
  const own = stringsAt(deployment.object, "metadata", "labels");
  const revision = own[labels.revision] ?? "";
  const replicas = Number(valueAt(deployment.object, "spec", "replicas"));
  const pods = world.pods.filter((pod) => pod.revision === revision && !pod.deleting);
  for (let count = pods.length; count < replicas; count++) {
    world.serial += 1;
    const identity = { name: `pod-${world.serial}`, revision, version: own[labels.version] ?? "" };
    world.pods.push(newPod(identity, deployment.object, world.now));
  }
  // As a ReplicaSet does: the ones that are not ready go first.
  const surplus = pods
    .toSorted((left, right) => Number(left.ready) - Number(right.ready))
    .slice(0, Math.max(0, pods.length - replicas));
  const gone = new Set(surplus.map(({ uid }) => uid));
  world.pods = world.pods.map((pod) => (gone.has(pod.uid) ? { ...pod, deleting: true, ready: false } : pod));
}

function newPod(
  identity: Pick<ObservedPod, "name" | "revision" | "version">,
  deployment: JsonObject,
  createdAt: number,
): ObservedPod {
  const spec = (valueAt(deployment, "spec", "template", "spec") ?? {}) as PodRequests;
  return podOf({
    ...identity,
    uid: identity.name,
    createdAt,
    withoutCpuRequest: containerWithoutRequest(spec, "cpu"),
    withoutMemoryRequest: containerWithoutRequest(spec, "memory"),
  });
}

/** One step in a pod's life: fetched, then ready; or failed, or nothing at all. */
function advance(world: World, pod: ObservedPod): ObservedPod {
  if (pod.deleting || pod.ready) return pod;
  const behaviour = world.behaviour.get(pod.version) ?? "good";
  if (behaviour === "slow") return pod;
  if (behaviour === "fetching") return { ...pod, fetch: { ...pod.fetch, state: "running" } };
  if (behaviour === "unschedulable") return { ...pod, unschedulable: "0/1 nodes are available: 1 Insufficient cpu." };
  if (behaviour === "corrupt") {
    const message = "the file is an HTML page, not an ONNX model";
    return ended(pod, 1, { ok: false, stage: "Download", reason: "NotAModel", message });
  }
  if (pod.fetch.termination === undefined) {
    const digest = digestOf(pod.version);
    return ended(pod, 0, { ok: true, stage: "Download", digest, bytes: 1, seconds: 1, signature: digest });
  }
  return { ...pod, ready: true, readySince: world.now, server: { ...pod.server, state: "running" } };
}

function ended(pod: ObservedPod, exitCode: number, report: PodReport): ObservedPod {
  const termination = { exitCode, reason: exitCode === 0 ? "Completed" : "Error", report, text: "" };
  return { ...pod, fetch: { ...pod.fetch, state: "terminated", termination } };
}

export function digestOf(version: string): string {
  return `sha256:${Buffer.from(version).toString("hex").padEnd(64, "0")}`;
}

/** The chance by which everything that can happen does. */
export const eager = (): number => 0;
