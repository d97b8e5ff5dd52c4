import type { V1PodDisruptionBudget } from "@kubernetes/client-node";
import { apiVersion, kinds } from "../api/kinds.ts";
import type { ModelMetadata } from "../api/model.ts";
import { modelLabels, type Selector, selectorLabels } from "../api/names.ts";
import { ownedBy } from "./owned.ts";

/**
 * One pod in service may be evicted at a time, and one that is not ready always: a pod that serves nobody must not
 * hold up the drain of its node (KEP-3017). The selector moves with the Service's.
 */
export function podDisruptionBudget(model: ModelMetadata, selector: Selector): V1PodDisruptionBudget {
  return {
    apiVersion: apiVersion(kinds.podDisruptionBudget),
    kind: kinds.podDisruptionBudget.kind,
    metadata: ownedBy(model, model.name, modelLabels(model.name)),
    spec: {
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: "AlwaysAllow",
      selector: { matchLabels: selectorLabels(model.name, selector) },
    },
  };
}
