import { apiVersion, kinds } from "../api/kinds.ts";
import type { ModelMetadata, Spec } from "../api/model.ts";
import { labels, modelLabels } from "../api/names.ts";
import { portNames } from "../../server/contract.ts";
import { ownedBy } from "./owned.ts";

/** Set on every namespace by Kubernetes itself. */
const namespaceName = "kubernetes.io/metadata.name";

/**
 * Predictions from the peers that the spec names, metrics and reports from the operator's namespace, nothing else.
 * Probes come from the node, which a NetworkPolicy does not hold back. Ingress only: the init container has to reach
 * the model's source, and a policy holds for the whole pod. (The client's type calls `from` something else than the API.)
 */
export function networkPolicy(
  model: ModelMetadata,
  wanted: NonNullable<Spec["networkPolicy"]>,
  operatorNamespace: string,
): object {
  const peers = wanted.from ?? [{ podSelector: {} }];
  const operator = { namespaceSelector: { matchLabels: { [namespaceName]: operatorNamespace } } };
  // No peers means everybody to Kubernetes, and nobody to us: then there is no rule.
  const predictions = peers.length === 0 ? [] : [{ from: peers, ports: [{ port: portNames.http, protocol: "TCP" }] }];
  return {
    apiVersion: apiVersion(kinds.networkPolicy),
    kind: kinds.networkPolicy.kind,
    metadata: ownedBy(model, model.name, modelLabels(model.name)),
    spec: {
      podSelector: { matchLabels: { [labels.model]: model.name } },
      policyTypes: ["Ingress"],
      ingress: [...predictions, { from: [operator], ports: [{ port: portNames.metrics, protocol: "TCP" }] }],
    },
  };
}
