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
 * compares its bytes: a patch of whatever field, such as the garbage collector's when the model is deleted with
 * `--cascade=orphan`, writes them anew with their keys sorted, and is refused when they were not sorted before.
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
    data: sorted(data),
  };
}

function sorted<T>(value: T): T {
  if (Array.isArray(value)) return value.map(sorted) as T;
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(entries.map(([key, field]) => [key, sorted(field)])) as T;
}
