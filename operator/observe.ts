import type { JsonObject } from "./api/json.ts";
import { kinds } from "./api/kinds.ts";
import type { Model, ModelMetadata } from "./api/model.ts";
import { quantity } from "./api/quantity.ts";
import { containers, fieldManager, gpuLabels, labels, versionsName } from "./api/names.ts";
import type { Cache } from "./cache.ts";
import { type KubeObject, keyOf, splitKey } from "./kube/resources.ts";
import type {
  BuildDefaults,
  Observed,
  ObservedAutoscaler,
  ObservedChild,
  ObservedContainer,
  ObservedNode,
  ObservedPod,
  Termination,
} from "./plan/observed.ts";
import { annotations, type PodReport } from "../server/contract.ts";

/** What a cache keeps of an object, with the key of the model that it belongs to by its label. */
export interface Cached<T> {
  readonly model: string;
  readonly owner: string | undefined;
  readonly value: T;
}

/** One cache per kind. Those of children hold only objects with the model label; autoscalers of anybody can matter. */
export interface Caches {
  readonly models: Cache<Model>;
  readonly deployments: Cache<Cached<ObservedChild>>;
  readonly controllerRevisions: Cache<Cached<ObservedChild>>;
  readonly services: Cache<Cached<ObservedChild>>;
  readonly configMaps: Cache<Cached<ObservedChild>>;
  readonly podDisruptionBudgets: Cache<Cached<ObservedChild>>;
  readonly horizontalPodAutoscalers: Cache<Cached<CachedAutoscaler>>;
  readonly networkPolicies: Cache<Cached<ObservedChild>>;
  readonly pods: Cache<Cached<ObservedPod>>;
  /** Undefined where the operator looks after some namespaces only and may not read what belongs to the cluster. */
  readonly nodes: Cache<ObservedNode> | undefined;
}

export const modelIndex = "model";
export const namespaceIndex = "namespace";

/**
 * Everything about one model, out of the caches alone. Undefined: there is no such model any more. Children of
 * another owner, be it a stranger or an earlier model of the same name, are not seen.
 */
export function observe(key: string, caches: Caches, now: number, defaults: BuildDefaults): Observed | undefined {
  const { namespace, name } = splitKey(key);
  const model = caches.models.get(namespace, name);
  if (model === undefined) return undefined;
  const owned = (cache: Cache<Cached<ObservedChild>>): ObservedChild[] =>
    cache.indexed(modelIndex, key).flatMap(({ owner, value }) => (owner === model.metadata.uid ? [value] : []));
  const named = (cache: Cache<Cached<ObservedChild>>, child: string): ObservedChild | undefined =>
    owned(cache).find((value) => value.name === child);
  const autoscalers = caches.horizontalPodAutoscalers.indexed(namespaceIndex, namespace ?? "");
  return {
    now,
    model,
    deployments: owned(caches.deployments),
    controllerRevisions: owned(caches.controllerRevisions),
    pods: caches.pods.indexed(modelIndex, key).map(({ value }) => value),
    service: named(caches.services, name),
    versions: named(caches.configMaps, versionsName(name)),
    podDisruptionBudget: named(caches.podDisruptionBudgets, name),
    networkPolicy: named(caches.networkPolicies, name),
    horizontalPodAutoscaler: autoscalers.find(({ owner }) => owner === model.metadata.uid)?.value.child,
    rivalAutoscalers: autoscalers.filter(({ owner }) => owner !== model.metadata.uid).map(({ value }) => value.target),
    nodes: model.spec.gpu === undefined ? [] : (caches.nodes?.list() ?? []),
    defaults,
  };
}

export interface RawModel extends KubeObject {
  readonly spec: Model["spec"];
  readonly status?: Model["status"];
}

export function projectModel(raw: RawModel): Model {
  const { name, namespace, uid, resourceVersion, generation, deletionTimestamp } = raw.metadata;
  const metadata: ModelMetadata = {
    name,
    namespace: namespace ?? "",
    uid,
    resourceVersion,
    generation: generation ?? 0,
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
  };
  return { metadata, spec: raw.spec, ...(raw.status === undefined ? {} : { status: raw.status }) };
}

interface RawChild extends KubeObject {
  readonly status?: { readonly conditions?: readonly RawCondition[] };
}

interface RawCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}

export function projectChild(raw: RawChild): Cached<ObservedChild> {
  const { managedFields, ...metadata } = raw.metadata;
  const { status, ...rest } = raw;
  const others = (managedFields ?? []).filter(
    (entry) => entry.manager !== fieldManager && entry.subresource === undefined && entry.manager !== undefined,
  );
  const latest = others.toSorted((left, right) => (left.time ?? "").localeCompare(right.time ?? "")).at(-1);
  const refused = status?.conditions?.find(({ type, status: holds }) => type === "ReplicaFailure" && holds === "True");
  return {
    model: modelKey(raw),
    owner: modelOwner(raw),
    value: {
      name: metadata.name,
      uid: metadata.uid,
      deleting: metadata.deletionTimestamp !== undefined,
      object: { ...rest, metadata } as unknown as JsonObject,
      rival: latest?.manager,
      replicaFailure: refused?.message,
    },
  };
}

interface RawAutoscaler extends RawChild {
  readonly spec?: { readonly scaleTargetRef?: { readonly kind?: string; readonly name?: string } };
}

/** An autoscaler: ours with all of it, anybody else's for its target. */
export interface CachedAutoscaler {
  readonly child: ObservedChild;
  readonly namespace: string;
  readonly target: ObservedAutoscaler;
}

export function projectAutoscaler(raw: RawAutoscaler): Cached<CachedAutoscaler> {
  const { model, owner, value } = projectChild(raw);
  const target = raw.spec?.scaleTargetRef;
  return {
    model,
    owner,
    value: {
      child: value,
      namespace: raw.metadata.namespace ?? "",
      target: { name: raw.metadata.name, targetKind: target?.kind ?? "", targetName: target?.name ?? "" },
    },
  };
}

interface RawNode extends KubeObject {
  readonly spec?: { readonly unschedulable?: boolean };
  readonly status?: { readonly allocatable?: Readonly<Record<string, string>> };
}

export function projectNode(raw: RawNode): ObservedNode {
  const own = raw.metadata.labels ?? {};
  const memory = Number(own[gpuLabels.memory]);
  const extended = Object.entries(raw.status?.allocatable ?? {}).filter(([name]) => name.includes("/"));
  return {
    name: raw.metadata.name,
    unschedulable: raw.spec?.unschedulable === true,
    product: own[gpuLabels.product],
    gpuMemoryMebibytes: Number.isFinite(memory) ? memory : undefined,
    allocatable: Object.fromEntries(extended.map(([name, amount]) => [name, quantity(amount)])),
  };
}

interface RawPod extends KubeObject {
  readonly status?: {
    readonly conditions?: readonly RawCondition[];
    readonly initContainerStatuses?: readonly RawContainer[];
    readonly containerStatuses?: readonly RawContainer[];
  };
}

interface RawContainer {
  readonly name: string;
  readonly restartCount?: number;
  readonly state?: RawState;
  readonly lastState?: RawState;
}

interface RawState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly running?: object;
  readonly terminated?: { readonly exitCode: number; readonly reason?: string; readonly message?: string };
}

export function projectPod(raw: RawPod): Cached<ObservedPod> {
  const condition = (type: string): RawCondition | undefined =>
    raw.status?.conditions?.find((candidate) => candidate.type === type);
  const ready = condition("Ready");
  const scheduled = condition("PodScheduled");
  const unschedulable = scheduled?.status === "False" && scheduled.reason === "Unschedulable";
  const own = raw.metadata.labels ?? {};
  return {
    model: modelKey(raw),
    owner: undefined,
    value: {
      name: raw.metadata.name,
      uid: raw.metadata.uid,
      revision: own[labels.revision] ?? "",
      version: own[labels.version] ?? "",
      deleting: raw.metadata.deletionTimestamp !== undefined,
      ready: ready?.status === "True",
      readySince: ready?.status === "True" ? Date.parse(ready.lastTransitionTime ?? "") : undefined,
      outOfService: raw.metadata.annotations?.[annotations.inService] === "false",
      unschedulable: unschedulable ? (scheduled.message ?? "no node has room") : undefined,
      fetch: projectContainer(raw.status?.initContainerStatuses, containers.fetch),
      server: projectContainer(raw.status?.containerStatuses, containers.server),
    },
  };
}

function projectContainer(statuses: readonly RawContainer[] | undefined, name: string): ObservedContainer {
  const status = statuses?.find((candidate) => candidate.name === name);
  const { waiting, running, terminated } = status?.state ?? {};
  const ended = terminated ?? status?.lastState?.terminated;
  return {
    state: status === undefined ? "absent" : running ? "running" : terminated ? "terminated" : "waiting",
    waiting: waiting && { reason: waiting.reason ?? "", message: waiting.message ?? "" },
    restarts: status?.restartCount ?? 0,
    termination: ended && projectTermination(ended),
  };
}

function projectTermination(ended: NonNullable<RawState["terminated"]>): Termination {
  const text = ended.message ?? "";
  const report = parseReport(text);
  return { exitCode: ended.exitCode, reason: ended.reason ?? "", report, text: report === undefined ? text : "" };
}

/** A termination message is whatever the container wrote; only what has the shape of a report is taken for one. */
function parseReport(text: string): PodReport | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isReport(value) ? value : undefined;
  } catch {
    return undefined; // a log line that begins with a brace
  }
}

function isReport(value: unknown): value is PodReport {
  if (typeof value !== "object" || value === null || !("ok" in value)) return false;
  if (value.ok === true) return "digest" in value && typeof value.digest === "string";
  return (
    value.ok === false &&
    "stage" in value &&
    ["Download", "Load", "Verify", "Serve"].includes(String(value.stage)) &&
    "reason" in value &&
    typeof value.reason === "string" &&
    "message" in value &&
    typeof value.message === "string"
  );
}

/** Key of the model that an object's label names; the model's own namespace is the object's. */
function modelKey(raw: KubeObject): string {
  return keyOf(raw.metadata.namespace, raw.metadata.labels?.[labels.model] ?? "");
}

/** Uid of the controlling ModelDeployment, of whatever incarnation. */
function modelOwner(raw: KubeObject): string | undefined {
  return raw.metadata.ownerReferences?.find(({ controller, kind }) => controller === true && kind === kinds.model.kind)
    ?.uid;
}
