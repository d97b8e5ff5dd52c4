import { isJsonObject, type Json, stringsAt, valueAt } from "../../operator/api/json.ts";
import { kinds } from "../../operator/api/kinds.ts";
import { labels } from "../../operator/api/names.ts";
import type { Write } from "../../operator/plan/children.ts";
import { annotations } from "../../server/contract.ts";
import { type Revision, targetRevision } from "../../operator/plan/revision.ts";
import { plural } from "../text/amounts.ts";
import type { PaperCluster } from "./cluster.ts";

/** What a write is for, in a few words. */
export function whyOf(write: Write, cluster: PaperCluster): string {
  const about = reasons[write.kind.kind];
  return about?.(write, cluster) ?? (write.verb === "delete" ? "no part of it any more" : "as the spec asks");
}

type Reason = (write: Write, cluster: PaperCluster) => string | undefined;

const reasons: Readonly<Record<string, Reason>> = {
  [kinds.configMap.kind]: ({ verb }) =>
    verb === "create" ? "records which bytes each version name stands for" : "a version's digest has become known",
  [kinds.controllerRevision.kind]: ({ verb }) =>
    verb === "create" ? "keeps the revision as it was made, so that going back finds it" : "history above its limit",
  [kinds.deployment.kind]: deploymentReason,
  [kinds.service.kind]: serviceReason,
  [kinds.podDisruptionBudget.kind]: ({ verb }) =>
    verb === "create" ? "drains of nodes take one pod in service at a time" : "follows the Service's selector",
  [kinds.horizontalPodAutoscaler.kind]: ({ verb }) =>
    verb === "delete" ? "spec.scaling is no longer there" : "turns spec.replicas as spec.scaling says",
  [kinds.networkPolicy.kind]: ({ verb }) =>
    verb === "delete" ? "spec.networkPolicy is no longer there" : "lets in what spec.networkPolicy names",
  [kinds.pod.kind]: (write) =>
    write.verb !== "delete" && valueAt(write.body, "metadata", "annotations", annotations.inService) === "false"
      ? "out of service: each connection ends with its next answer, and the pod stays warm"
      : "back in service",
};

function deploymentReason(write: Write, { children, model }: PaperCluster): string | undefined {
  const known = children.get(`${kinds.deployment.kind}/${write.name}`)?.object;
  if (write.verb === "delete") return "its revision is kept warm no longer";
  const wanted = numberAt(write.body, "spec", "replicas");
  if (write.verb === "create") {
    const version = stringsAt(write.body, "metadata", "labels")[labels.version] ?? "";
    const first =
      wanted !== undefined && wanted < model.spec.replicas
        ? `; first ${wanted}, which ${findsOut(version, model.spec.versions)}`
        : "";
    return `runs the revision: ${plural(model.spec.replicas, "pod")} of ${version}${first}`;
  }
  const before = numberAt(known, "spec", "replicas");
  if (wanted === undefined || wanted === before) return "a field that somebody changed is put back";
  return `from ${before} to ${plural(wanted, "pod")}`;
}

function numberAt(object: Json | undefined, ...path: readonly string[]): number | undefined {
  const value = valueAt(object, ...path);
  return typeof value === "number" ? value : undefined;
}

function findsOut(version: string, versions: readonly { readonly name: string; readonly digest?: string }[]): string {
  return versions.find(({ name }) => name === version)?.digest === undefined
    ? "finds out its digest"
    : "makes room for the rest";
}

function serviceReason(write: Write, { model }: PaperCluster): string | undefined {
  if (write.verb === "delete") return undefined;
  const selector = valueAt(write.body, "spec", "selector");
  if (write.verb === "create") return `the model's address, port ${model.spec.service.port}`;
  if (!isJsonObject(selector)) return "its type, port or annotations as the spec has them";
  const revision = selector[labels.revision];
  return typeof revision === "string"
    ? `traffic goes to revision ${revision} alone`
    : "traffic is shared by both revisions";
}

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
export function changedFields(left: Json | undefined, right: Json | undefined, path = ""): ChangedField[] {
  if (isJsonObject(left) && isJsonObject(right)) {
    const keys = [...new Set([...Object.keys(left), ...Object.keys(right)])];
    return keys.flatMap((key) => changedFields(left[key], right[key], path === "" ? key : `${path}.${key}`));
  }
  const [from, to] = [JSON.stringify(left), JSON.stringify(right)];
  return from === to ? [] : [{ path, from: from ?? "nothing", to: to ?? "nothing" }];
}
