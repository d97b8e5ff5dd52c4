/**
 * A small model of a cluster for the planner's tests: what is there, and what a test asks about it. A pass of the
 * operator is in pass.ts, the life of pods in life.ts. Only what the planner can see is modelled; the real cluster is
 * for the e2e tests.
 */
import { stringsAt, valueAt } from "../../operator/api/json.ts";
import type { Model, Spec, Status } from "../../operator/api/model.ts";
import { labels, versionsName } from "../../operator/api/names.ts";
import type { EndedPod, Observed, ObservedChild, ObservedPod } from "../../operator/plan/observed.ts";

/** What becomes of a version's pods. */
export type Behaviour = "good" | "corrupt" | "slow" | "fetching" | "unschedulable" | "evicted";

/** A status as it was written, with what was true at that moment. */
export interface Told {
  readonly status: Status;
  readonly spec: Spec;
  readonly generation: number;
  /** Versions of the ready pods that the Service selects. */
  readonly serving: ReadonlySet<string>;
}

export interface World {
  now: number;
  spec: Spec;
  status: Status | undefined;
  generation: number;
  readonly children: Map<string, ObservedChild>;
  pods: ObservedPod[];
  /** Pods that their node put an end to; nobody clears them away but with their Deployment. */
  endedPods: EndedPod[];
  readonly behaviour: Map<string, Behaviour>;
  /** Kinds of which the API server refuses every write. */
  readonly refused: Set<string>;
  /** Every status that was written, in order. */
  readonly told: Told[];
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
    endedPods: [],
    behaviour: new Map(Object.entries(behaviour)),
    refused: new Set(),
    told: [],
    serial: 0,
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
    endedPods: world.endedPods,
    service: world.children.get(`Service/${modelName}`),
    versions: world.children.get(`ConfigMap/${versionsName(modelName)}`),
    podDisruptionBudget: world.children.get(`PodDisruptionBudget/${modelName}`),
    horizontalPodAutoscaler: world.children.get(`HorizontalPodAutoscaler/${modelName}`),
    networkPolicy: world.children.get(`NetworkPolicy/${modelName}`),
    rivalAutoscalers: [],
    nodes: [],
    defaults: {
      serverImage: "registry.test/server:1",
      gpuServerImage: "registry.test/server-gpu:1",
      plainHttpHosts: [],
      certificateAuthority: "",
      proxy: { http: "", https: "", exceptions: [] },
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

export function selectedRevision(world: World): string | undefined {
  return serviceSelector(world)[labels.revision];
}

export function conditionOf(
  world: World,
  type: string,
): { readonly status: string; readonly reason: string; readonly message: string } | undefined {
  return world.status?.conditions?.find((candidate) => candidate.type === type);
}

export function inService(world: World): ObservedPod[] {
  const revision = selectedRevision(world);
  return world.pods.filter((pod) => !pod.deleting && (revision === undefined || pod.revision === revision));
}

export function readyInService(world: World): number {
  return inService(world).filter((pod) => pod.ready).length;
}

/** In a function of its own, or the compiler takes the status for undefined from then on. */
export function forgetStatus(world: World): void {
  world.status = undefined;
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
