import { isJsonObject, type Json, stringsAt, valueAt } from "../../api/json.ts";
import { kinds } from "../../api/kinds.ts";
import { childAnnotations, labels } from "../../api/names.ts";
import { annotations } from "../../../server/contract.ts";
import type { Write } from "../children/children.ts";
import type { Observed } from "../observed.ts";

/** What a write is for, in a few words: for status.plan and for `slipway plan`. */
export function whyOf(write: Write, observed: Observed): string {
  if (isCorrection(write)) return "a field that somebody changed is put back";
  const about = reasons[write.kind.kind];
  return about?.(write, observed) ?? (write.verb === "delete" ? "no part of it any more" : "as the spec asks");
}

/** A change of our own carries the hash of the new plan; without it, the plan is the same and the object was changed. */
function isCorrection(write: Write): boolean {
  if (write.verb !== "patch" || write.kind.kind === kinds.pod.kind) return false;
  return valueAt(write.body, "metadata", "annotations", childAnnotations.applied) === undefined;
}

type Reason = (write: Write, observed: Observed) => string | undefined;

const reasons: Readonly<Record<string, Reason>> = {
  [kinds.configMap.kind]: ({ verb }) =>
    verb === "create" ? "records which bytes each version name stands for" : "a version's digest has become known",
  [kinds.controllerRevision.kind]: ({ verb }) =>
    verb === "create" ? "keeps the revision as it was made, so that going back finds it" : "history above its limit",
  [kinds.deployment.kind]: deploymentReason,
  [kinds.service.kind]: serviceReason,
  [kinds.podDisruptionBudget.kind]: (write) => {
    if (write.verb === "create") return "drains of nodes take one pod in service at a time";
    return write.verb === "patch" && valueAt(write.body, "spec", "selector") !== undefined
      ? "follows the Service's selector"
      : undefined;
  },
  [kinds.horizontalPodAutoscaler.kind]: ({ verb }) =>
    verb === "delete" ? "spec.scaling is no longer there" : "turns spec.replicas as spec.scaling says",
  [kinds.networkPolicy.kind]: ({ verb }) =>
    verb === "delete" ? "spec.networkPolicy is no longer there" : "lets in what spec.networkPolicy names",
  [kinds.pod.kind]: (write) => {
    if (write.verb === "delete") return "it has ended, and there are newer ones to look at";
    return valueAt(write.body, "metadata", "annotations", annotations.inService) === "false"
      ? "out of service: each connection ends with its next answer, and the pod stays warm"
      : "back in service";
  },
};

function deploymentReason(write: Write, { deployments, model }: Observed): string | undefined {
  if (write.verb === "delete") return "its revision is neither wanted nor kept warm any more";
  const wanted = numberAt(write.body, "spec", "replicas");
  if (write.verb === "create") {
    const version = stringsAt(write.body, "metadata", "labels")[labels.version] ?? "";
    const first =
      wanted !== undefined && wanted < model.spec.replicas
        ? `; first ${wanted}, which ${findsOut(version, model.spec.versions)}`
        : "";
    return `runs the revision: ${pods(model.spec.replicas)} of ${version}${first}`;
  }
  const known = deployments.find(({ name }) => name === write.name);
  const before = numberAt(known?.object, "spec", "replicas");
  if (wanted === undefined || wanted === before) return undefined;
  return `from ${before} to ${pods(wanted)}`;
}

function pods(count: number): string {
  return `${count} ${count === 1 ? "pod" : "pods"}`;
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

function serviceReason(write: Write, { model }: Observed): string | undefined {
  if (write.verb === "delete") return undefined;
  const selector = valueAt(write.body, "spec", "selector");
  if (write.verb === "create") return `the model's address, port ${model.spec.service.port}`;
  if (!isJsonObject(selector)) return "its type, port or annotations as the spec has them";
  const revision = selector[labels.revision];
  return typeof revision === "string"
    ? `traffic goes to revision ${revision} alone`
    : "traffic is shared by both revisions";
}
