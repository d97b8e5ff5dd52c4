import { kinds, type Kind } from "./api/kinds.ts";
import { labels } from "./api/names.ts";
import type { Clock } from "./kube/clock.ts";
import type { Log } from "./kube/log.ts";
import type { Metrics } from "./kube/metrics.ts";
import type { Queue } from "./kube/queue.ts";
import { createReflector, type Reflector } from "./kube/reflector.ts";
import type { KubeObject } from "./kube/resources.ts";
import type { Change } from "./kube/store.ts";
import type { Transport } from "./kube/transport.ts";
import type { Model } from "./api/model.ts";
import {
  type Cached,
  type Caches,
  modelIndex,
  projectChild,
  projectModel,
  projectPod,
  type RawModel,
} from "./observe.ts";

export interface CacheInputs {
  readonly transport: Transport;
  readonly queue: Queue;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** The operator's caches; a change in any of them puts the model that it concerns into the queue. */
export function createCaches(inputs: CacheInputs): Caches {
  const { queue } = inputs;
  const children = <T>(kind: Kind, project: (raw: KubeObject) => Cached<T>): Reflector<Cached<T>> =>
    createReflector<Cached<T>>({
      ...inputs,
      resource: kind,
      labelSelector: labels.model,
      project,
      indexBy: { [modelIndex]: ({ model }) => [model] },
      onChange: (change) => {
        for (const { model } of sides(change)) queue.add(model, "user");
      },
    });
  return {
    models: createReflector<Model, RawModel>({
      ...inputs,
      resource: kinds.model,
      project: projectModel,
      onChange: ({ key }) => queue.add(key, "user"),
    }),
    deployments: children(kinds.deployment, projectChild),
    controllerRevisions: children(kinds.controllerRevision, projectChild),
    services: children(kinds.service, projectChild),
    configMaps: children(kinds.configMap, projectChild),
    podDisruptionBudgets: children(kinds.podDisruptionBudget, projectChild),
    pods: children(kinds.pod, projectPod),
  };
}

/** Before and after: an object whose label was changed concerns two models. */
function sides<T>(change: Change<T>): readonly T[] {
  switch (change.kind) {
    case "added":
      return [change.now];
    case "changed":
      return [change.before, change.now];
    case "removed":
      return [change.before];
  }
}
