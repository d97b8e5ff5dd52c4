import type { Model } from "./api/model.ts";
import { revisionName, versionsName } from "./api/names.ts";
import type { Cache } from "./cache.ts";
import { splitKey } from "./kube/transport/resources.ts";
import type {
  BuildDefaults,
  EndedPod,
  Observed,
  ObservedChild,
  ObservedNode,
  ObservedReport,
} from "./plan/observed.ts";
import type { AskedPod } from "./pod-reports.ts";
import type { CachedPod } from "./pod-projection.ts";
import { type Cached, type CachedAutoscaler, observedChild, type StoredChild } from "./projections.ts";

/** One cache per kind. Those of children hold only objects with the model label; autoscalers of anybody can matter. */
export interface Caches {
  readonly models: Cache<Model>;
  readonly deployments: Cache<Cached<StoredChild>>;
  readonly controllerRevisions: Cache<Cached<StoredChild>>;
  readonly services: Cache<Cached<StoredChild>>;
  readonly configMaps: Cache<Cached<StoredChild>>;
  readonly podDisruptionBudgets: Cache<Cached<StoredChild>>;
  readonly horizontalPodAutoscalers: Cache<Cached<CachedAutoscaler>>;
  readonly networkPolicies: Cache<Cached<StoredChild>>;
  readonly pods: Cache<Cached<CachedPod>>;
  /** Undefined where the operator looks after some namespaces only and may not read what belongs to the cluster. */
  readonly nodes: Cache<ObservedNode> | undefined;
}

export const modelIndex = "model";
export const namespaceIndex = "namespace";

/**
 * Everything about one model, out of the caches alone. Undefined: there is no such model any more. Children of
 * another owner, be it a stranger or an earlier model of the same name, are not seen.
 */
export function observe(
  key: string,
  caches: Caches,
  now: number,
  defaults: BuildDefaults,
  reportOf: (podUid: string) => ObservedReport = () => ({}),
): Observed | undefined {
  const { namespace, name } = splitKey(key);
  const model = caches.models.get(namespace, name);
  if (model === undefined) return undefined;
  const owned = (cache: Cache<Cached<StoredChild>>): StoredChild[] =>
    cache.indexed(modelIndex, key).flatMap(({ owner, value }) => (owner === model.metadata.uid ? [value] : []));
  const named = (cache: Cache<Cached<StoredChild>>, child: string): ObservedChild | undefined => {
    const stored = owned(cache).find((value) => value.name === child);
    return stored && observedChild(stored);
  };
  const autoscalers = caches.horizontalPodAutoscalers.indexed(namespaceIndex, namespace ?? "");
  const own = autoscalers.find(({ owner }) => owner === model.metadata.uid);
  const pods = caches.pods.indexed(modelIndex, key).flatMap((pod) => (isPodOf(name, pod) ? [pod.value] : []));
  return {
    now,
    model,
    deployments: owned(caches.deployments).map(observedChild),
    controllerRevisions: owned(caches.controllerRevisions).map(observedChild),
    pods: pods.flatMap(({ pod, ending }) => (ending === undefined ? [{ ...pod, ...reportOf(pod.uid) }] : [])),
    endedPods: pods.flatMap(endedPod),
    service: named(caches.services, name),
    versions: named(caches.configMaps, versionsName(name)),
    podDisruptionBudget: named(caches.podDisruptionBudgets, name),
    networkPolicy: named(caches.networkPolicies, name),
    horizontalPodAutoscaler: own && observedChild(own.value.child),
    rivalAutoscalers: autoscalers.filter(({ owner }) => owner !== model.metadata.uid).map(({ value }) => value.target),
    nodes: model.spec.gpu === undefined ? [] : (caches.nodes?.list() ?? []),
    defaults,
  };
}

/** The pods that can be asked for their report: those whose server has loaded its model. */
export function askablePods(caches: Pick<Caches, "pods">): readonly AskedPod[] {
  return caches.pods.list().flatMap(({ model, value: { pod, ending, address } }) => {
    const isAskable = pod.ready && !pod.deleting && ending === undefined && address !== "";
    return isAskable ? [{ uid: pod.uid, model, address }] : [];
  });
}

/** Of all pods, ready or not. */
export function podUids(caches: Pick<Caches, "pods">): ReadonlySet<string> {
  return new Set(caches.pods.list().map(({ value }) => value.pod.uid));
}

/** One that is deleted as well ended because it was told to, whatever its containers made of that. */
function endedPod({ pod: { name, uid, revision, createdAt, deleting }, ending }: CachedPod): EndedPod[] {
  return ending === undefined || deleting ? [] : [{ name, uid, revision, createdAt, ...ending }];
}

/**
 * Anybody may give a pod of theirs our labels (`kubectl debug --copy-to --keep-labels` does); only one that a
 * Deployment of the revision made counts as the model's and is believed what it reports.
 */
function isPodOf(model: string, { owner, value }: Cached<CachedPod>): boolean {
  return owner?.startsWith(`${revisionName(model, value.pod.revision)}-`) ?? false;
}
