/**
 * Why a node does not take a pod, by the pod's own spec: the rules of the scheduler (pkg/scheduler/framework/plugins:
 * NodeUnschedulable, TaintToleration, NodeAffinity, NodeResourcesFit) so far as they can be followed without the other
 * pods of the node.
 */
import type {
  V1NodeSelectorRequirement,
  V1NodeSelectorTerm,
  V1PodSpec,
  V1ResourceRequirements,
  V1Toleration,
} from "@kubernetes/client-node";
import { quantity } from "../../api/quantity.ts";
import type { ObservedNode, ObservedTaint } from "../observed.ts";

/** For people, to stand after the node's name; undefined when nothing that can be seen speaks against it. */
export function obstacleOf(pod: V1PodSpec, node: ObservedNode): string | undefined {
  for (const check of checks) {
    const obstacle = check(pod, node);
    if (obstacle !== undefined) return obstacle;
  }
  return undefined;
}

const checks: readonly ((pod: V1PodSpec, node: ObservedNode) => string | undefined)[] = [
  (_, node) => (node.ready ? undefined : "is not ready"),
  (_, node) => (node.unschedulable ? "is cordoned" : undefined),
  untoleratedTaint,
  missingLabel,
  (pod, node) => (matchesAffinity(pod, node) ? undefined : "does not match the required node affinity of the pod"),
  (pod, node) => tooSmall("cpu", (cores) => `${cores} CPU`, pod, node),
  (pod, node) => tooSmall("memory", (bytes) => `${Math.floor(bytes / 2 ** 20)}Mi of memory`, pod, node),
];

function untoleratedTaint(pod: V1PodSpec, node: ObservedNode): string | undefined {
  const taint = node.taints.find(
    (candidate) =>
      candidate.effect !== "PreferNoSchedule" &&
      !(pod.tolerations ?? []).some((toleration) => tolerates(toleration, candidate)),
  );
  if (taint === undefined) return undefined;
  const value = taint.value === "" ? "" : `=${taint.value}`;
  return `has the taint ${taint.key}${value}:${taint.effect}, which the pod does not tolerate`;
}

/** An empty key with Exists is every key, an empty effect every effect. */
function tolerates({ key, operator, value, effect }: V1Toleration, taint: ObservedTaint): boolean {
  if (effect !== undefined && effect !== "" && effect !== taint.effect) return false;
  const everyKey = (key === undefined || key === "") && operator === "Exists";
  return everyKey || (key === taint.key && (operator === "Exists" || (value ?? "") === taint.value));
}

function missingLabel(pod: V1PodSpec, node: ObservedNode): string | undefined {
  const missing = Object.entries(pod.nodeSelector ?? {}).find(([key, value]) => node.labels[key] !== value);
  return missing && `lacks the label ${missing[0]}=${missing[1]} of the pod's nodeSelector`;
}

/** Terms are alternatives; the requirements of one all have to hold, and a term without any matches nothing. */
function matchesAffinity(pod: V1PodSpec, node: ObservedNode): boolean {
  const required = pod.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return required === undefined || required.nodeSelectorTerms.some((term) => matchesTerm(term, node));
}

function matchesTerm({ matchExpressions = [], matchFields = [] }: V1NodeSelectorTerm, node: ObservedNode): boolean {
  return (
    matchExpressions.length + matchFields.length > 0 &&
    matchExpressions.every((requirement) => meets(requirement, node.labels[requirement.key])) &&
    // metadata.name is the only field there is.
    matchFields.every((requirement) => meets(requirement, node.name))
  );
}

function meets({ operator, values = [] }: V1NodeSelectorRequirement, found: string | undefined): boolean {
  switch (operator) {
    case "In":
      return found !== undefined && values.includes(found);
    case "NotIn":
      return found === undefined || !values.includes(found);
    case "Exists":
      return found !== undefined;
    case "DoesNotExist":
      return found === undefined;
    case "Gt":
      return Number(found) > Number(values[0]);
    case "Lt":
      return Number(found) < Number(values[0]);
    default:
      return true; // one of a later Kubernetes: the scheduler knows it
  }
}

function tooSmall(
  resource: string,
  say: (amount: number) => string,
  pod: V1PodSpec,
  node: ObservedNode,
): string | undefined {
  const offered = node.allocatable[resource];
  const main = (pod.containers ?? []).reduce((total, { resources }) => total + asked(resources, resource), 0);
  const wanted = Math.max(main, ...(pod.initContainers ?? []).map(({ resources }) => asked(resources, resource)));
  if (offered === undefined || wanted <= offered) return undefined;
  return `offers ${say(offered)}, and ${say(wanted)} are asked for`;
}

/** A limit is the request where none is given. */
function asked(resources: V1ResourceRequirements | undefined, resource: string): number {
  const amount = resources?.requests?.[resource] ?? resources?.limits?.[resource];
  return amount === undefined ? 0 : quantity(amount);
}
