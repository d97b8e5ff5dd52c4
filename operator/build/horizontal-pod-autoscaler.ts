import type { V2HorizontalPodAutoscaler, V2HorizontalPodAutoscalerBehavior } from "@kubernetes/client-node";
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
      ...(scaling.behavior === undefined ? {} : { behavior: withDefaults(scaling.behavior) }),
    },
  };
}

/**
 * What the API server fills in where a behavior is given in part (autoscaling/v2, HPAScalingRules). Said by us, so that
 * a field that the user takes away goes back to it: a patch without the field would leave what was there.
 */
const defaults = {
  scaleUp: {
    stabilizationWindowSeconds: 0,
    selectPolicy: "Max",
    policies: [
      { type: "Pods", value: 4, periodSeconds: 15 },
      { type: "Percent", value: 100, periodSeconds: 15 },
    ],
  },
  scaleDown: { selectPolicy: "Max", policies: [{ type: "Percent", value: 100, periodSeconds: 15 }] },
} as const;

function withDefaults(behavior: V2HorizontalPodAutoscalerBehavior): object {
  return {
    ...behavior,
    scaleUp: { ...defaults.scaleUp, ...behavior.scaleUp },
    scaleDown: { ...defaults.scaleDown, ...behavior.scaleDown },
  };
}

/** Paths of what the user has not asked for and the API server fills in with nothing: taken away where it is found. */
export function absentBehavior({ behavior }: NonNullable<Spec["scaling"]>): string[] {
  if (behavior === undefined) return ["spec.behavior"];
  const { scaleUp, scaleDown }: V2HorizontalPodAutoscalerBehavior = behavior;
  return [
    ...(scaleUp?.tolerance === undefined ? ["spec.behavior.scaleUp.tolerance"] : []),
    ...(scaleDown?.tolerance === undefined ? ["spec.behavior.scaleDown.tolerance"] : []),
    ...(scaleDown?.stabilizationWindowSeconds === undefined
      ? ["spec.behavior.scaleDown.stabilizationWindowSeconds"]
      : []),
  ];
}

/** The metric's name among requests. */
export const resourceNames = { CPU: "cpu", Memory: "memory" } as const;
