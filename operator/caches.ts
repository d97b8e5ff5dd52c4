import { isDeepStrictEqual } from "node:util";
import { type Kind, kinds } from "./api/kinds.ts";
import type { Model } from "./api/model.ts";
import { labels } from "./api/names.ts";
import { type Cache, joinCaches } from "./cache.ts";
import type { Clock } from "./kube/clock.ts";
import type { Log } from "./kube/log.ts";
import type { Metrics } from "./kube/metrics.ts";
import type { Priority, Queue } from "./kube/control/queue.ts";
import { createReflector, type Reflector } from "./kube/watch/reflector.ts";
import { keyOf, type KubeObject, splitKey } from "./kube/transport/resources.ts";
import type { Change, IndexFunction } from "./kube/watch/store.ts";
import type { Transport } from "./kube/transport/transport.ts";
import { createTurn } from "./kube/control/turn.ts";
import { type Caches, modelIndex, namespaceIndex } from "./observe.ts";
import { projectPod } from "./pod-projection.ts";
import {
  type Cached,
  type CachedAutoscaler,
  projectAutoscaler,
  projectChild,
  projectModel,
  projectNode,
  type RawModel,
} from "./projections.ts";
import type { ObservedNode } from "./plan/observed.ts";

export interface CacheInputs {
  readonly transport: Transport;
  readonly queue: Queue;
  /** One watch a kind and namespace; one a kind for the whole cluster when empty. */
  readonly namespaces: readonly string[];
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface WatchedCaches {
  readonly caches: Caches;
  /** Every watch there is, for the guard that waits for the operator's own writes. */
  readonly reflectors: readonly Reflector<unknown>[];
}

/**
 * A step of a rollout changes half a dozen children, and the events of them come one by one: waiting this long makes
 * one pass of them, and nobody who looks at a rollout can see it.
 */
const gatherMs = 20;

/**
 * Nodes are labelled, offer devices and lose taints one change after the other, and a rolling upgrade of a cluster
 * changes one after the other of them. Nobody waits for the text: a pod that a node can take is placed by the scheduler.
 */
const nodeGatherMs = 2_000;

/** Pods that the scheduler found no node for, all under one value. */
const unplacedIndex = "unplaced";
const unplaced = "";

/** The operator's caches; a change in any of them puts the models that it concerns into the queue. */
export function createCaches(inputs: CacheInputs): WatchedCaches {
  const { queue } = inputs;
  const reflectors: Reflector<unknown>[] = [];
  const scopes = inputs.namespaces.length === 0 ? [undefined] : inputs.namespaces;
  // No pass begins before the last list has come, and pages side by side only cost memory: with 1,000 models 30 MiB at
  // the peak, and half of that for good, as the allocator cannot give back what lies between what is kept.
  const listTurn = createTurn();

  const cacheOf = <T, Raw extends KubeObject>(
    kind: Kind,
    options: Pick<Parameters<typeof createReflector<T, Raw>>[0], "project" | "onChange" | "indexBy" | "labelSelector">,
    namespaces: readonly (string | undefined)[] = scopes,
  ): Cache<T> => {
    const own = namespaces.map((namespace) =>
      createReflector<T, Raw>({ ...inputs, ...options, listTurn, resource: kind, namespace }),
    );
    reflectors.push(...(own as unknown as Reflector<unknown>[]));
    return joinCaches(own);
  };
  const children = <T>(
    kind: Kind,
    project: (raw: KubeObject) => Cached<T>,
    indexBy: Readonly<Record<string, IndexFunction<Cached<T>>>> = {},
  ): Cache<Cached<T>> =>
    cacheOf<Cached<T>, KubeObject>(kind, {
      labelSelector: labels.model,
      project,
      indexBy: { ...indexBy, [modelIndex]: ({ model }) => [model] },
      onChange: (change) => {
        for (const { model } of news(change)) queue.addAfter(model, gatherMs);
      },
    });

  const caches: Caches = {
    models: cacheOf<Model, RawModel>(kinds.model, {
      project: projectModel,
      onChange: (change) => {
        const priority = change.kind === "removed" ? "resync" : priorityOf(change.now);
        queue.addAfter(change.key, priority === "resync" ? gatherMs : 0, priority);
      },
    }),
    deployments: children(kinds.deployment, projectChild),
    controllerRevisions: children(kinds.controllerRevision, projectChild),
    services: children(kinds.service, projectChild),
    configMaps: children(kinds.configMap, projectChild),
    podDisruptionBudgets: children(kinds.podDisruptionBudget, projectChild),
    networkPolicies: children(kinds.networkPolicy, projectChild),
    pods: children(kinds.pod, projectPod, {
      [unplacedIndex]: ({ value: { pod, ending } }) =>
        pod.unschedulable === undefined || ending !== undefined ? [] : [unplaced],
    }),
    horizontalPodAutoscalers: cacheOf<Cached<CachedAutoscaler>, KubeObject>(kinds.horizontalPodAutoscaler, {
      project: projectAutoscaler,
      indexBy: { [namespaceIndex]: ({ value }) => [value.namespace] },
      onChange: (change) => {
        for (const cached of news(change)) queue.addAfter(concernedModel(cached), gatherMs);
      },
    }),
    nodes:
      inputs.namespaces.length > 0
        ? undefined
        : cacheOf<ObservedNode, KubeObject>(kinds.node, {
            project: projectNode,
            onChange: (change) => lookAtUnplaced(caches, queue, change),
          }),
  };
  return { caches, reflectors };
}

/** Only of models with a GPU does status tell which node lacks what, and only while a pod has none. */
function lookAtUnplaced({ pods, models }: Caches, queue: Queue, change: Change<ObservedNode>): void {
  const waiting = pods.indexed(unplacedIndex, unplaced);
  // What kubelets report all the time, such as heartbeats and images, is not kept of a node, and no news.
  if (waiting.length === 0 || news(change).length === 0) return;
  for (const { model } of waiting) {
    const { namespace, name } = splitKey(model);
    if (models.get(namespace, name)?.spec.gpu !== undefined) queue.addAfter(model, nodeGatherMs);
  }
}

/**
 * The model that an autoscaler concerns: its owner, the model that it turns, or, aimed at a Deployment, the model whose
 * revision has that name. Somebody else's Deployment leads to a model that there is not, which costs one look.
 */
function concernedModel({ model, owner, value }: Cached<CachedAutoscaler>): string {
  if (owner !== undefined) return model;
  const { targetKind, targetName } = value.target;
  return keyOf(value.namespace, targetKind === kinds.model.kind ? targetName : targetName.replace(/-[^-]*$/, ""));
}

/**
 * A user waits for an edit, and for one that was made while no operator ran. What has no status yet comes next; a
 * change of status or of labels is nobody's wish.
 */
function priorityOf({ metadata, status }: Model): Priority {
  if (status?.observedGeneration === undefined) return "new";
  return status.observedGeneration === metadata.generation ? "resync" : "user";
}

/**
 * What a change is about. Before and after, as an object whose label was changed concerns two models; nothing when it
 * changed in what the cache does not keep, such as the status of most kinds.
 */
function news<T>(change: Change<T>): readonly T[] {
  switch (change.kind) {
    case "added":
      return [change.now];
    case "changed":
      return isDeepStrictEqual(change.before, change.now) ? [] : [change.before, change.now];
    case "removed":
      return [change.before];
  }
}
