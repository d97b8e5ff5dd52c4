import type { V2HorizontalPodAutoscaler } from "@kubernetes/client-node";
import { apiVersion, kinds } from "../api/kinds.ts";
import type { ModelMetadata, Spec } from "../api/model.ts";
import { modelLabels } from "../api/names.ts";
import { ownedBy } from "./owned.ts";

/**
 * Aimed at the ModelDeployment and its scale subresource, never at a Deployment: the operator alone writes the
 * children's replicas, so there is nobody to fight with.
 */
export function horizontalPodAutoscaler(
  model: ModelMetadata,
  scaling: NonNullable<Spec["scaling"]>,
): V2HorizontalPodAutoscaler {
  return {
    apiVersion: apiVersion(kinds.horizontalPodAutoscaler),
    kind: kinds.horizontalPodAutoscaler.kind,
    metadata: ownedBy(model, model.name, modelLabels(model.name)),
    spec: {
      scaleTargetRef: { apiVersion: apiVersion(kinds.model), kind: kinds.model.kind, name: model.name },
      minReplicas: scaling.min,
      maxReplicas: scaling.max,
      metrics: [
        {
          type: "Resource",
          resource: {
            name: resourceNames[scaling.metric],
            target: { type: "Utilization", averageUtilization: scaling.targetPercent },
          },
        },
      ],
      ...(scaling.behavior === undefined ? {} : { behavior: scaling.behavior }),
    },
  };
}

/** The metric's name in spec.resources.requests. */
export const resourceNames = { CPU: "cpu", Memory: "memory" } as const;
