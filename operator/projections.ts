/**
 * What the caches keep of each kind but pods (pod-projection.ts): the little that a pass looks at, out of what the API
 * server sends.
 */
import { type JsonObject, valueAt } from "./api/json.ts";
import { kinds } from "./api/kinds.ts";
import type { Model, ModelMetadata } from "./api/model.ts";
import { quantity } from "./api/quantity.ts";
import { childAnnotations, fieldManager, labels } from "./api/names.ts";
import { readable } from "./api/text.ts";
import { type KubeObject, keyOf, type ManagedFieldsEntry } from "./kube/transport/resources.ts";
import { type ForeignFields, foreignFields } from "./plan/children/foreign-fields.ts";
import type { Noted } from "./plan/children/settled.ts";
import type { ObservedAutoscaler, ObservedChild, ObservedNode } from "./plan/observed.ts";

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

export interface RawCondition {
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
  const { name, uid, deletionTimestamp } = raw.metadata;
  const refused = raw.status?.conditions?.find(
    ({ type, status: holds }) => type === "ReplicaFailure" && holds === "True",
  );
  const others = othersOf(raw);
  const foreign = foreignFields(others);
  return {
    model: modelKey(raw),
    owner: modelOwner(raw),
    value: {
      name,
      uid,
      deleting: deletionTimestamp !== undefined,
      text: JSON.stringify(withoutStatus(raw)),
      rival: rivalOf(raw, others),
      ...(foreign === undefined ? {} : { foreign }),
      ...(isNotedBy(others) ? { notedByOthers: true } : {}),
      replicaFailure: refused && readable(refused.message ?? ""),
    },
  };
}

/** The answer to a write, as a pass will see the child. */
export function answered(raw: KubeObject): Noted & { readonly foreign?: ForeignFields } {
  const others = othersOf(raw);
  const foreign = foreignFields(others);
  return {
    object: withoutStatus(raw),
    notedByOthers: isNotedBy(others),
    ...(foreign === undefined ? {} : { foreign }),
  };
}

/** Whoever changes an annotation owns it from then on (Kubernetes, "Server-Side Apply", on other ways of writing). */
function isNotedBy(managers: readonly ManagedFieldsEntry[]): boolean {
  return managers.some(
    ({ fieldsV1 = {} }) =>
      valueAt(fieldsV1 as JsonObject, "f:metadata", "f:annotations", `f:${childAnnotations.settled}`) !== undefined,
  );
}

/** Of the metadata what we set. */
function withoutStatus(raw: RawChild): JsonObject {
  const { status: _status, metadata, ...rest } = raw;
  const { name, namespace, labels: own, annotations: notes, ownerReferences } = metadata;
  return { ...rest, metadata: { name, namespace, labels: own, annotations: notes, ownerReferences } } as JsonObject;
}

function othersOf({ metadata: { managedFields = [] } }: KubeObject): readonly ManagedFieldsEntry[] {
  return managedFields.filter(
    ({ manager, subresource }) => manager !== fieldManager && manager !== undefined && subresource !== "status",
  );
}

/**
 * Who else wrote last, if that was after our own last write, to the second: who wrote before it has changed nothing since.
 * An entry of the scale subresource has no time; that it is there means that its number is in force.
 */
function rivalOf(raw: KubeObject, others: readonly ManagedFieldsEntry[]): string | undefined {
  const timeOf = ({ time }: ManagedFieldsEntry): string => time ?? "~";
  const own = (raw.metadata.managedFields ?? []).filter(({ manager }) => manager === fieldManager);
  const ownTime =
    own
      .map(({ time = "" }) => time)
      .toSorted()
      .at(-1) ?? "";
  const latest = others.toSorted((left, right) => (timeOf(left) < timeOf(right) ? -1 : 1)).at(-1);
  return latest !== undefined && timeOf(latest) >= ownTime ? latest.manager : undefined;
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

/** Key of the model that an object's label names; the model's own namespace is the object's. */
export function modelKey(raw: KubeObject): string {
  return keyOf(raw.metadata.namespace, raw.metadata.labels?.[labels.model] ?? "");
}

/** Uid of the controlling ModelDeployment, of whatever incarnation. */
function modelOwner(raw: KubeObject): string | undefined {
  return raw.metadata.ownerReferences?.find(({ controller, kind }) => controller === true && kind === kinds.model.kind)
    ?.uid;
}
