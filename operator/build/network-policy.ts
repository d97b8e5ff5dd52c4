import { isJsonObject } from "../api/json.ts";
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
  const peers = wanted.from?.map(asStored) ?? [{ podSelector: {} }];
  const operator = { namespaceSelector: { matchLabels: { [namespaceName]: operatorNamespace } } };
  // No peers means everybody to Kubernetes, and nobody to us: then there is no rule.
  const ports = [portNames.http, portNames.grpc].map((port) => ({ port, protocol: "TCP" }));
  const predictions = peers.length === 0 ? [] : [{ from: peers, ports }];
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

/**
 * A peer as the API server gives it back, so that the two can be compared: it leaves out null, empty lists and empty
 * labels. An empty selector stays; it selects everything.
 */
function asStored(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asStored);
  if (!isJsonObject(value)) return value;
  const kept = Object.entries(value).filter(
    ([key, field]) => field !== null && !isEmptyList(field) && !(key === "matchLabels" && isEmptyObject(field)),
  );
  return Object.fromEntries(kept.map(([key, field]) => [key, asStored(field)]));
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function isEmptyObject(value: unknown): boolean {
  return isJsonObject(value) && Object.keys(value).length === 0;
}
