import { isJsonObject, type JsonObject } from "./api/json.ts";
import { kinds } from "./api/kinds.ts";
import type { Model } from "./api/model.ts";
import { childAnnotations, fieldManager, labels } from "./api/names.ts";
import { ApiError } from "./kube/transport/errors.ts";
import type { KubeObject } from "./kube/transport/resources.ts";
import type { Write } from "./plan/children/children.ts";
import type { Problem } from "./plan/status/facts.ts";
import { send, type SendInputs } from "./send.ts";

/**
 * The name is taken. By us: our label or owner reference was removed, the model was deleted without its children, or
 * the cache is behind; the object is brought back into view. By an earlier model of this name: it is on its way out.
 * By anybody else: it is theirs, and stays so.
 */
export async function adopt(
  model: Model,
  write: Extract<Write, { verb: "create" }>,
  inputs: SendInputs,
): Promise<Problem | undefined> {
  const { client, signal } = inputs;
  const { namespace, name, uid } = model.metadata;
  const found = await client.get<KubeObject>(write.kind, namespace, write.name, signal);
  const references = found.metadata.ownerReferences ?? [];
  const owner = references.find(({ controller }) => controller === true);
  const orphaned = owner === undefined && wasMadeFor(name, found);
  const ours = orphaned || (owner?.kind === kinds.model.kind && owner.name === name);
  if (ours && (orphaned || owner?.uid === uid) && found.metadata.deletionTimestamp === undefined) {
    const metadata = isJsonObject(write.body["metadata"]) ? write.body["metadata"] : {};
    const { labels: own, ownerReferences: ownOwners } = metadata;
    const owners = [
      ...references.filter((reference) => reference.uid !== uid),
      ...(Array.isArray(ownOwners) ? ownOwners : []),
    ];
    const body = { metadata: { labels: own, ...(orphaned ? { ownerReferences: owners } : {}) } } as JsonObject;
    const { phase, kind, name: child } = write;
    // What else it should be, the next pass sees: this answer says nothing of what the API server makes of it.
    await send(model, { phase, verb: "patch", kind, name: child, uid: found.metadata.uid, body }, inputs);
    return undefined;
  }
  if (ours)
    throw new ApiError({
      status: 409,
      reason: "Conflict",
      message: `${write.kind.kind} ${write.name} of an earlier model ${name} is still being deleted`,
    });
  return {
    object: `${write.kind.kind}/${write.name}`,
    reason: "NameTaken",
    message: `${write.kind.kind} ${write.name} exists and was not made by Slipway: delete or rename it, or give the model another name`,
  };
}

/** Without an owner it is still ours by what we wrote on it: the label and our bookkeeping. */
function wasMadeFor(model: string, { metadata }: KubeObject): boolean {
  const { labels: own = {}, annotations = {} } = metadata;
  return (
    own[labels.managedBy] === fieldManager &&
    own[labels.model] === model &&
    annotations[childAnnotations.applied] !== undefined
  );
}
