import type { V1ConfigMap } from "@kubernetes/client-node";
import { apiVersion, kinds } from "../api/kinds.ts";
import type { ModelMetadata } from "../api/model.ts";
import { modelLabels, pinKey, versionsName } from "../api/names.ts";
import { ownedBy } from "./owned.ts";

/**
 * The record: version name -> digest it was first resolved to, and where the source has one, what names those bytes
 * there. Init containers read it, so it is the one thing that makes a name mean the same bytes for ever; entries are only
 * ever added, also when a version leaves the spec.
 */
export function versionsRecord(
  model: ModelMetadata,
  digests: Readonly<Record<string, string>>,
  pins: Readonly<Record<string, string>>,
): V1ConfigMap {
  return {
    apiVersion: apiVersion(kinds.configMap),
    kind: kinds.configMap.kind,
    metadata: ownedBy(model, versionsName(model.name), modelLabels(model.name)),
    data: { ...digests, ...Object.fromEntries(Object.entries(pins).map(([version, pin]) => [pinKey(version), pin])) },
  };
}
