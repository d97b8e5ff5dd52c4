/**
 * A small model of a cluster for the planner's tests: it keeps what a plan writes, makes pods as Deployments would,
 * and lets them get on or fail. Only what the planner can see is modelled; the real cluster is for the e2e tests.
 */
import type { Json, JsonObject } from "../../operator/api/json.ts";
import { isJsonObject, stringsAt, valueAt } from "../../operator/api/json.ts";
import type { Model, Spec, Status } from "../../operator/api/model.ts";
import { labels, versionsName } from "../../operator/api/names.ts";
import { phases, type Write } from "../../operator/plan/children.ts";
import type { Observed, ObservedChild, ObservedContainer, ObservedPod } from "../../operator/plan/observed.ts";
import { type Plan, planModel } from "../../operator/plan/plan.ts";
import type { Problem } from "../../operator/plan/facts.ts";
import { annotations, type PodReport } from "../../server/contract.ts";

/** What becomes of a version's pods. */
export type Behaviour = "good" | "corrupt" | "slow";

export interface World {
  now: number;
  spec: Spec;
  status: Status | undefined;
  generation: number;
  readonly children: Map<string, ObservedChild>;
  pods: ObservedPod[];
  readonly behaviour: Map<string, Behaviour>;
  serial: number;
}

export const modelName = "demo";
const start = Date.UTC(2026, 0, 1);

export function createWorld(spec: Spec, behaviour: Readonly<Record<string, Behaviour>>): World {
  return {
    now: start,
    spec,
    status: undefined,
    generation: 1,
    children: new Map(),
    pods: [],
    behaviour: new Map(Object.entries(behaviour)),
    serial: 0,
  };
}

export function specOf(overrides: Partial<Spec> = {}, rollout: Partial<Spec["rollout"]> = {}): Spec {
  return {
    version: "v1",
    versions: ["v1", "v2", "v3"].map((name) => ({ name, uri: `oci://registry.test/models/${name}:1` })),
    replicas: 3,
    service: { type: "ClusterIP", port: 80 },
    rollout: {
      strategy: "Rolling",
      maxSurge: "100%",
      maxUnavailable: 0,
      minReadySeconds: 0,
      progressDeadlineSeconds: 600,
      keepPreviousSeconds: 300,
      ...rollout,
    },
    ...overrides,
  };
}

export function edit(world: World, change: Partial<Spec>): void {
  world.spec = { ...world.spec, ...change };
  world.generation += 1;
}

export function observeWorld(world: World): Observed {
  const of = (kind: string): ObservedChild[] =>
    [...world.children].filter(([key]) => key.startsWith(`${kind}/`)).map(([, child]) => child);
  return {
    now: world.now,
    model: modelIn(world),
    deployments: of("Deployment"),
    controllerRevisions: of("ControllerRevision"),
    pods: world.pods,
    service: world.children.get(`Service/${modelName}`),
    versions: world.children.get(`ConfigMap/${versionsName(modelName)}`),
    podDisruptionBudget: world.children.get(`PodDisruptionBudget/${modelName}`),
    horizontalPodAutoscaler: world.children.get(`HorizontalPodAutoscaler/${modelName}`),
    networkPolicy: world.children.get(`NetworkPolicy/${modelName}`),
    rivalAutoscalers: [],
    nodes: [],
    defaults: {
      serverImage: "registry.test/server:1",
      plainHttpHosts: [],
      certificateAuthority: "",
      operatorNamespace: "slipway-system",
    },
  };
}

function modelIn(world: World): Model {
  const metadata = {
    name: modelName,
    namespace: "default",
    uid: "model-uid",
    resourceVersion: "1",
    generation: world.generation,
  };
  return { metadata, spec: world.spec, ...(world.status === undefined ? {} : { status: world.status }) };
}

/** One pass of the operator; `cutAfter` writes it dies, so that neither the rest nor the status is written. */
export function pass(world: World, cutAfter = Number.POSITIVE_INFINITY, problems: readonly Problem[] = []): Plan {
  const plan = planModel(observeWorld(world));
  if (plan === undefined) throw new Error("the model has no valid target");
  const ordered = phases.flatMap((phase) => plan.writes.filter((write) => write.phase === phase));
  for (const write of ordered.slice(0, cutAfter)) perform(world, write);
  if (cutAfter >= ordered.length) world.status = plan.status(problems, true);
  return plan;
}

/** Deployments make and take pods, pods get on; `chance` (in [0, 1)) decides which of them do. */
export function tick(world: World, seconds: number, chance: () => number): void {
  world.now += seconds * 1000;
  world.pods = world.pods.filter((pod) => !pod.deleting);
  for (const [key, child] of world.children) {
    if (key.startsWith("Deployment/")) syncDeployment(world, child);
  }
  const deployments = [...world.children].filter(([key]) => key.startsWith("Deployment/"));
  const owners = new Set(deployments.map(([, { object }]) => stringsAt(object, "metadata", "labels")[labels.revision]));
  world.pods = world.pods.map((pod) => {
    if (!owners.has(pod.revision)) return { ...pod, deleting: true, ready: false };
    return chance() < 0.6 ? advance(world, pod) : pod;
  });
}

/** Everything gets on until nothing changes any more. */
export function settle(world: World): void {
  for (let round = 0; round < 400; round++) {
    const before = JSON.stringify([world.status, world.pods]);
    tick(world, 2, () => 0);
    const plan = pass(world);
    const still = JSON.stringify([world.status, world.pods]) === before;
    if (still && plan.writes.length === 0 && plan.wakeAfterMs === undefined) return;
  }
}

export function selectedRevision(world: World): string | undefined {
  return serviceSelector(world)[labels.revision];
}

export function inService(world: World): ObservedPod[] {
  const revision = selectedRevision(world);
  return world.pods.filter((pod) => !pod.deleting && (revision === undefined || pod.revision === revision));
}

export function replicasOf(world: World, version: string): number {
  const replicas = [...world.children]
    .filter(
      ([key, child]) =>
        key.startsWith("Deployment/") && stringsAt(child.object, "metadata", "labels")[labels.version] === version,
    )
    .map(([, child]) => Number(valueAt(child.object, "spec", "replicas")));
  return replicas.reduce((total, number) => total + number, 0);
}

function serviceSelector(world: World): Readonly<Record<string, string>> {
  return stringsAt(world.children.get(`Service/${modelName}`)?.object, "spec", "selector");
}

function perform(world: World, write: Write): void {
  const key = `${write.kind.kind}/${write.name}`;
  switch (write.verb) {
    case "create": {
      if (world.children.has(key)) throw new Error(`${key} is created twice`);
      world.serial += 1;
      world.children.set(key, made(write.name, `uid-${world.serial}`, write.body));
      return;
    }
    case "delete":
      world.children.delete(key);
      return;
    case "patch": {
      if (write.kind.kind === "Pod") {
        const mark = valueAt(write.body, "metadata", "annotations", annotations.inService);
        world.pods = world.pods.map((pod) =>
          pod.uid === write.uid ? { ...pod, outOfService: mark === "false" } : pod,
        );
        return;
      }
      const found = world.children.get(key);
      if (found !== undefined) world.children.set(key, { ...found, object: mergePatch(found.object, write.body) });
    }
  }
}

function made(name: string, uid: string, object: JsonObject): ObservedChild {
  return { name, uid, deleting: false, object, rival: undefined, replicaFailure: undefined };
}

/** RFC 7386. */
export function mergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  const result: Record<string, Json | undefined> = { ...target };
  for (const [key, value] of Object.entries(patch)) {
    const found = result[key];
    if (value === null) delete result[key];
    else if (isJsonObject(value)) result[key] = mergePatch(isJsonObject(found) ? found : {}, value);
    else result[key] = value;
  }
  return result;
}

function syncDeployment(world: World, deployment: ObservedChild): void {
  const own = stringsAt(deployment.object, "metadata", "labels");
  const revision = own[labels.revision] ?? "";
  const replicas = Number(valueAt(deployment.object, "spec", "replicas"));
  const pods = world.pods.filter((pod) => pod.revision === revision && !pod.deleting);
  for (let count = pods.length; count < replicas; count++) {
    world.serial += 1;
    world.pods.push(newPod(`pod-${world.serial}`, revision, own[labels.version] ?? "", world.now));
  }
  // As a ReplicaSet does: the ones that are not ready go first.
  const surplus = pods
    .toSorted((left, right) => Number(left.ready) - Number(right.ready))
    .slice(0, Math.max(0, pods.length - replicas));
  const gone = new Set(surplus.map(({ uid }) => uid));
  world.pods = world.pods.map((pod) => (gone.has(pod.uid) ? { ...pod, deleting: true, ready: false } : pod));
}

const idle: ObservedContainer = { state: "waiting", waiting: undefined, restarts: 0, termination: undefined };

function newPod(name: string, revision: string, version: string, createdAt: number): ObservedPod {
  return {
    name,
    uid: name,
    revision,
    version,
    createdAt,
    deleting: false,
    ready: false,
    readySince: undefined,
    outOfService: false,
    unschedulable: undefined,
    fetch: idle,
    server: idle,
  };
}

/** One step in a pod's life: fetched, then ready; or failed, or nothing at all. */
function advance(world: World, pod: ObservedPod): ObservedPod {
  if (pod.deleting || pod.ready) return pod;
  const behaviour = world.behaviour.get(pod.version) ?? "good";
  if (behaviour === "slow") return pod;
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
