/** The kinds that the operator reads and writes, as the API server's paths name them. */
export interface Kind {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
}

export const kinds = {
  model: { group: "slipway.dev", version: "v1alpha1", plural: "modeldeployments", kind: "ModelDeployment" },
  deployment: { group: "apps", version: "v1", plural: "deployments", kind: "Deployment" },
  controllerRevision: { group: "apps", version: "v1", plural: "controllerrevisions", kind: "ControllerRevision" },
  service: { group: "", version: "v1", plural: "services", kind: "Service" },
  configMap: { group: "", version: "v1", plural: "configmaps", kind: "ConfigMap" },
  podDisruptionBudget: {
    group: "policy",
    version: "v1",
    plural: "poddisruptionbudgets",
    kind: "PodDisruptionBudget",
  },
  horizontalPodAutoscaler: {
    group: "autoscaling",
    version: "v2",
    plural: "horizontalpodautoscalers",
    kind: "HorizontalPodAutoscaler",
  },
  networkPolicy: { group: "networking.k8s.io", version: "v1", plural: "networkpolicies", kind: "NetworkPolicy" },
  node: { group: "", version: "v1", plural: "nodes", kind: "Node" },
  pod: { group: "", version: "v1", plural: "pods", kind: "Pod" },
} as const satisfies Record<string, Kind>;

/** `group/version`, or `version` alone for the core group. */
export function apiVersion(kind: Kind): string {
  return kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
}
