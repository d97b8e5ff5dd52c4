import type { V1Deployment } from "@kubernetes/client-node";
import { apiVersion, kinds } from "../api/kinds.ts";
import type { JsonObject } from "../api/json.ts";
import type { ModelMetadata } from "../api/model.ts";
import { labels, revisionLabels, revisionName } from "../api/names.ts";
import { ownedBy } from "./owned.ts";

/**
 * The Deployment of one revision. Its template is frozen with the revision, so only `replicas` ever changes; it keeps
 * no old ReplicaSets because it never has any.
 */
export function deployment(
  model: ModelMetadata,
  revision: string,
  version: string,
  template: JsonObject,
  replicas: number,
): V1Deployment {
  return {
    apiVersion: apiVersion(kinds.deployment),
    kind: kinds.deployment.kind,
    metadata: ownedBy(model, revisionName(model.name, revision), revisionLabels(model.name, revision, version)),
    spec: {
      replicas,
      revisionHistoryLimit: 0,
      selector: { matchLabels: { [labels.model]: model.name, [labels.revision]: revision } },
      template,
    },
  };
}
