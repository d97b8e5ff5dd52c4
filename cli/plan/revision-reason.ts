import { isJsonObject, type Json } from "../../operator/api/json.ts";
import { kinds } from "../../operator/api/kinds.ts";
import { type Revision, targetRevision } from "../../operator/plan/revision/revision.ts";
import type { PaperCluster } from "./cluster.ts";

/** Why the pods that the spec asks for are new ones, or why they are not. */
export function revisionReason(target: Revision, before: PaperCluster | undefined): string {
  const previous = before === undefined ? undefined : targetRevision(before.model.spec);
  if (before === undefined || previous === undefined) return "new: there is no other yet";
  if (previous.hash === target.hash) return "unchanged: nothing in the change concerns its pods, so none is restarted";
  const known = before.children.has(`${kinds.controllerRevision.kind}/${before.model.metadata.name}-${target.hash}`);
  const fields = changedFields(previous.inputs, target.inputs);
  const changes = fields.map(({ path, from, to }) => `${path} ${from} → ${to}`).join(", ");
  return `${known ? "from the history" : "new"}: ${changes}`;
}

interface ChangedField {
  readonly path: string;
  readonly from: string;
  readonly to: string;
}

/** Leaves that differ. Lists are compared as a whole. */
function changedFields(left: Json | undefined, right: Json | undefined, path = ""): ChangedField[] {
  if (isJsonObject(left) && isJsonObject(right)) {
    const keys = [...new Set([...Object.keys(left), ...Object.keys(right)])];
    return keys.flatMap((key) => changedFields(left[key], right[key], path === "" ? key : `${path}.${key}`));
  }
  const [from, to] = [JSON.stringify(left), JSON.stringify(right)];
  return from === to ? [] : [{ path, from: from ?? "nothing", to: to ?? "nothing" }];
}
