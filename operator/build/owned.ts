import type { V1OwnerReference } from "@kubernetes/client-node";
import { apiVersion, kinds } from "../api/kinds.ts";
import type { ModelMetadata } from "../api/model.ts";

export interface OwnedMetadata {
  name: string;
  namespace: string;
  labels: Record<string, string>;
  ownerReferences: V1OwnerReference[];
}

/**
 * Metadata of a child: its labels and the one owner reference by which it is garbage-collected. It asks for no
 * blockOwnerDeletion, which would need a right on the owner's finalizers and which nothing here waits for.
 */
export function ownedBy(model: ModelMetadata, name: string, labels: Record<string, string>): OwnedMetadata {
  return {
    name,
    namespace: model.namespace,
    labels,
    ownerReferences: [
      {
        apiVersion: apiVersion(kinds.model),
        kind: kinds.model.kind,
        name: model.name,
        uid: model.uid,
        controller: true,
      },
    ],
  };
}
