import type { V1ControllerRevision } from "@kubernetes/client-node";
import { apiVersion, kinds } from "../api/kinds.ts";
import type { ModelMetadata } from "../api/model.ts";
import { revisionLabels, revisionName } from "../api/names.ts";
import { ownedBy } from "./owned.ts";

/** What a ControllerRevision holds: the user's inputs, for people, and the pod template to use again byte for byte. */
export interface FrozenRevision {
  readonly inputs: object;
  readonly template: object;
}

/**
 * `number` orders the history: one more than the highest there is. The API server lets nobody change the data, and
 * compares its bytes, so they are written with their keys sorted, as every child is (`stamped` in plan/children).
 */
export function controllerRevision(
  model: ModelMetadata,
  revision: string,
  version: string,
  number: number,
  data: FrozenRevision,
): V1ControllerRevision {
  return {
    apiVersion: apiVersion(kinds.controllerRevision),
    kind: kinds.controllerRevision.kind,
    metadata: ownedBy(model, revisionName(model.name, revision), revisionLabels(model.name, revision, version)),
    revision: number,
    data,
  };
}
