/**
 * Every call that the operator makes, and no other: widening it is a decision, made here and in the chart. Verbs by
 * `group/resource`, followed by the name of the object where the right is limited to one.
 */
export const whereModelsLive: Readonly<Record<string, string>> = {
  "slipway.dev/modeldeployments": "list watch",
  "slipway.dev/modeldeployments/status": "patch",
  "apps/deployments": "get list watch create patch delete",
  "apps/controllerrevisions": "get list watch create patch delete",
  "/services": "get list watch create patch",
  "/configmaps": "get list watch create patch",
  "policy/poddisruptionbudgets": "get list watch create patch",
  "autoscaling/horizontalpodautoscalers": "get list watch create patch delete",
  "networking.k8s.io/networkpolicies": "get list watch create patch delete",
  "/pods": "list watch patch delete",
  "events.k8s.io/events": "create patch",
};

/** Not with `watchNamespaces`. */
export const onlyInTheWholeCluster: Readonly<Record<string, string>> = { "/nodes": "list watch" };

export const inReleaseNamespace: Readonly<Record<string, string>> = {
  "coordination.k8s.io/leases": "create",
  "coordination.k8s.io/leases slipway-operator": "get watch update",
};
