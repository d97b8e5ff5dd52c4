/** What the caches keep of each kind: the little that a pass looks at, out of what the API server sends. */
import type { JsonObject } from "./api/json.ts";
import { kinds } from "./api/kinds.ts";
import type { Model, ModelMetadata } from "./api/model.ts";
import { quantity } from "./api/quantity.ts";
import { containers, fieldManager, labels } from "./api/names.ts";
import { containerWithoutRequest, type PodRequests } from "./api/requests.ts";
import { readable } from "./api/text.ts";
import { type KubeObject, keyOf } from "./kube/resources.ts";
import { foreignFields } from "./plan/foreign-fields.ts";
import type {
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
  /** Of a child the uid of the model that controls it; of a pod the name of its ReplicaSet. */
  readonly owner: string | undefined;
  readonly value: T;
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

/** A child as a cache keeps it: the object as text, which takes a third of the memory of the same as objects. */
export interface StoredChild extends Omit<ObservedChild, "object"> {
  readonly text: string;
}

export function projectChild(raw: RawChild): Cached<StoredChild> {
  const { name, namespace, uid, labels: own, annotations: notes, ownerReferences, managedFields } = raw.metadata;
  const { status, ...rest } = raw;
  const metadata = { name, namespace, labels: own, annotations: notes, ownerReferences };
  const others = (managedFields ?? []).filter(
    ({ manager, subresource }) => manager !== fieldManager && manager !== undefined && subresource !== "status",
  );
  // An entry of the scale subresource has no time; that it is there means that its number is in force.
  const latest = others.toSorted((left, right) => ((left.time ?? "~") < (right.time ?? "~") ? -1 : 1)).at(-1);
  const refused = status?.conditions?.find(({ type, status: holds }) => type === "ReplicaFailure" && holds === "True");
  const foreign = foreignFields(others);
  return {
    model: modelKey(raw),
    owner: modelOwner(raw),
    value: {
      name,
      uid,
      deleting: raw.metadata.deletionTimestamp !== undefined,
      text: JSON.stringify({ ...rest, metadata }),
      rival: latest?.manager,
      ...(foreign === undefined ? {} : { foreign }),
      replicaFailure: refused && readable(refused.message ?? ""),
    },
  };
}

export function observedChild({ text, ...rest }: StoredChild): ObservedChild {
  return { ...rest, object: JSON.parse(text) as JsonObject };
}

interface RawAutoscaler extends RawChild {
  readonly spec?: { readonly scaleTargetRef?: { readonly kind?: string; readonly name?: string } };
}

/** An autoscaler: ours with all of it, anybody else's for its target. */
export interface CachedAutoscaler {
  readonly child: StoredChild;
  readonly namespace: string;
  readonly target: ObservedAutoscaler;
}

export function projectAutoscaler(raw: RawAutoscaler): Cached<CachedAutoscaler> {
  const { model, owner, value } = projectChild(raw);
  const target = raw.spec?.scaleTargetRef;
  const controller = raw.metadata.ownerReferences?.find((reference) => reference.controller === true);
  return {
    model,
    owner,
    value: {
      child: value,
      namespace: raw.metadata.namespace ?? "",
      target: {
        name: raw.metadata.name,
        targetKind: target?.kind ?? "",
        targetName: target?.name ?? "",
        controller: controller && { kind: controller.kind, name: controller.name },
      },
    },
  };
}

interface RawNode extends KubeObject {
  readonly spec?: {
    readonly unschedulable?: boolean;
    readonly taints?: readonly { readonly key?: string; readonly value?: string; readonly effect?: string }[];
  };
  readonly status?: {
    readonly allocatable?: Readonly<Record<string, string>>;
    readonly conditions?: readonly RawCondition[];
  };
}

export function projectNode(raw: RawNode): ObservedNode {
  const own = raw.metadata.labels ?? {};
  const amounts = Object.entries(raw.status?.allocatable ?? {}).filter(
    ([name]) => name.includes("/") || name === "cpu" || name === "memory",
  );
  const ready = raw.status?.conditions?.find(({ type }) => type === "Ready");
  return {
    name: raw.metadata.name,
    unschedulable: raw.spec?.unschedulable === true,
    ready: ready?.status === "True",
    taints: (raw.spec?.taints ?? []).map(({ key = "", value = "", effect = "" }) => ({ key, value, effect })),
    labels: own,
    allocatable: Object.fromEntries(amounts.map(([name, amount]) => [name, quantity(amount)])),
  };
}

interface RawPod extends KubeObject {
  readonly spec?: PodRequests;
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
    owner: raw.metadata.ownerReferences?.find(({ controller, kind }) => controller === true && kind === "ReplicaSet")
      ?.name,
    value: {
      name: raw.metadata.name,
      uid: raw.metadata.uid,
      revision: own[labels.revision] ?? "",
      version: own[labels.version] ?? "",
      createdAt: Date.parse(raw.metadata.creationTimestamp),
      deleting: raw.metadata.deletionTimestamp !== undefined,
      ready: ready?.status === "True",
      readySince: ready?.status === "True" ? Date.parse(ready.lastTransitionTime ?? "") : undefined,
      outOfService: raw.metadata.annotations?.[annotations.inService] === "false",
      unschedulable: unschedulable ? readable(scheduled.message ?? "no node has room") : undefined,
      withoutCpuRequest: containerWithoutRequest(raw.spec ?? {}, "cpu"),
      withoutMemoryRequest: containerWithoutRequest(raw.spec ?? {}, "memory"),
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
    waiting: waiting && { reason: waiting.reason ?? "", message: readable(waiting.message ?? "") },
    restarts: status?.restartCount ?? 0,
    termination: ended && projectTermination(ended),
  };
}

function projectTermination(ended: NonNullable<RawState["terminated"]>): Termination {
  const text = readable(ended.message ?? "");
  const report = parseReport(text);
  return { exitCode: ended.exitCode, reason: ended.reason ?? "", report, text: report === undefined ? text : "" };
}

/** A termination message is whatever the container wrote; only what has the shape of a report is taken for one. */
function parseReport(text: string): PodReport | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isReport(value) ? readableReport(value) : undefined;
  } catch {
    return undefined; // a log line that begins with a brace
  }
}

function isReport(value: unknown): value is PodReport {
  if (typeof value !== "object" || value === null || !("ok" in value)) return false;
  if (value.ok === true) return "digest" in value && isText(value.digest) && digestPattern.test(value.digest);
  return (
    value.ok === false &&
    "stage" in value &&
    isText(value.stage) &&
    ["Download", "Load", "Serve"].includes(value.stage) &&
    "reason" in value &&
    isText(value.reason) &&
    reasonPattern.test(value.reason) &&
    "message" in value &&
    isText(value.message) &&
    (!("logTail" in value) || isText(value.logTail))
  );
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** What is recorded for ever, and what the pods of the version are held to, is a digest or nothing. */
const digestPattern = /^sha256:[0-9a-f]{64}$/;
/** It becomes the reason of a condition; the CRD bounds those. An image of the user's may report what it likes. */
const reasonPattern = /^[A-Z][A-Za-z0-9]{0,63}$/;

/** JSON escapes bring back what the raw text was cleaned of. */
function readableReport(report: PodReport): PodReport {
  if (report.ok) return report;
  const { message, logTail } = report;
  return { ...report, message: readable(message), ...(logTail === undefined ? {} : { logTail: readable(logTail) }) };
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
