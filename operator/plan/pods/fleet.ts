import type { V1PodSpec } from "@kubernetes/client-node";
import type { Spec } from "../../api/model.ts";
import type { Selector } from "../../api/names.ts";
import { labels } from "../../api/names.ts";
import { isJsonObject, stringsAt, valueAt } from "../../api/json.ts";
import { endedFailure } from "./ended-pods.ts";
import { type Failure, failureOf } from "./failures.ts";
import { explainGpu } from "./gpu-fit.ts";
import type { FetchReport } from "../../../server/contract.ts";
import type { Observed, ObservedChild, ObservedPod } from "../observed.ts";

/** The Deployment and the pods of one revision, counted. */
export interface Fleet {
  readonly revision: string;
  readonly version: string;
  readonly deployment: ObservedChild | undefined;
  /** Replicas that the Deployment has now; 0 without one. */
  readonly desired: number;
  /** Living pods that are not being deleted. */
  readonly pods: readonly ObservedPod[];
  /** Pods on their way out. */
  readonly terminating: number;
  readonly ready: number;
  /** Ready without a break for minReadySeconds. */
  readonly available: number;
  /** When the next ready pod becomes available; undefined when none is waiting for that. */
  readonly nextAvailableAt: number | undefined;
  /** What is wrong with it, the permanent before the passing. */
  readonly failure: Failure | undefined;
  /** There are pods, and every one of them failed for good. */
  readonly hopeless: boolean;
  /** What the newest pod reported of the model that it fetched; undefined while none has. */
  readonly report: FetchReport | undefined;
}

/** Every revision that has a Deployment or living pods, by hash. */
export function fleetsOf(observed: Observed): ReadonlyMap<string, Fleet> {
  const hashes = new Set<string>();
  for (const deployment of observed.deployments) hashes.add(revisionOfChild(deployment));
  for (const pod of observed.pods) hashes.add(pod.revision);
  hashes.delete("");
  return new Map([...hashes].map((hash) => [hash, fleetOf(observed, hash)]));
}

/** Of several revisions of a version, the one that speaks for it: the target, else any that has pods or is to have some. */
export function fleetOfVersion(fleets: ReadonlyMap<string, Fleet>, version: string, target: string): Fleet | undefined {
  const own = [...fleets.values()].filter((fleet) => fleet.version === version && isAlive(fleet));
  return own.find(({ revision }) => revision === target) ?? own[0];
}

export function isAlive({ desired, pods }: Fleet): boolean {
  return desired > 0 || pods.length > 0;
}

/** The revision that a child's labels name; empty when somebody took the label away. */
export function revisionOfChild(child: ObservedChild): string {
  return stringsAt(child.object, "metadata", "labels")[labels.revision] ?? "";
}

/** What the history keeps of a revision; undefined when it is not in it. */
export function recordOf(history: readonly ObservedChild[], revision: string): ObservedChild | undefined {
  return history.find((child) => revisionOfChild(child) === revision);
}

function versionOfChild(child: ObservedChild): string {
  return stringsAt(child.object, "metadata", "labels")[labels.version] ?? "";
}

/** Pods that a selector matches and that are not on their way out. */
export function selectedPods(observed: Observed, selector: Selector): readonly ObservedPod[] {
  return observed.pods.filter(
    (pod) => !pod.deleting && (selector.kind === "shared" || pod.revision === selector.revision),
  );
}

function fleetOf(observed: Observed, revision: string): Fleet {
  const minReadyMs = observed.model.spec.rollout.minReadySeconds * 1000;
  const deployment = observed.deployments.find((child) => revisionOfChild(child) === revision && !child.deleting);
  const all = observed.pods.filter((pod) => pod.revision === revision);
  const pods = all.filter((pod) => !pod.deleting);
  const since = pods.flatMap((pod) => (pod.readySince === undefined ? [] : [pod.readySince + minReadyMs]));
  // With no wait asked for, a node whose clock is ahead of ours must not cause one.
  const pending = minReadyMs === 0 ? [] : since.filter((time) => time > observed.now);
  const replicas = valueAt(deployment?.object, "spec", "replicas");
  const desired = typeof replicas === "number" ? replicas : 0;
  return {
    revision,
    version: deployment === undefined ? (all[0]?.version ?? "") : versionOfChild(deployment),
    deployment,
    desired,
    pods,
    terminating: all.length - pods.length,
    ready: since.length,
    available: since.length - pending.length,
    nextAvailableAt: pending.length === 0 ? undefined : Math.min(...pending),
    failure: failureIn(observed, revision, pods, deployment) ?? endIn(observed, revision, pods, desired),
    hopeless: pods.length > 0 && pods.every((pod) => failureOf(pod)?.permanent === true),
    report: newestReport(pods),
  };
}

function failureIn(
  observed: Observed,
  revision: string,
  pods: readonly ObservedPod[],
  deployment: ObservedChild | undefined,
): Failure | undefined {
  const failures = pods
    .flatMap((pod) => failureOf(pod) ?? [])
    .map((failure) => withNodes(failure, observed, revision, deployment));
  const refused = deployment?.replicaFailure;
  if (refused !== undefined) {
    failures.push({ stage: "Schedule", reason: "PodsRefused", message: refused, pod: "", permanent: false });
  }
  // By name, so that of two pods that fail in different ways the same one speaks in every pass.
  const ordered = failures.toSorted((left, right) => (left.pod < right.pod ? -1 : 1));
  return ordered.find((failure) => failure.permanent) ?? ordered[0];
}

/** Living pods speak first: they tell what is wrong now. */
function endIn(
  { endedPods, model, now }: Observed,
  revision: string,
  alive: readonly ObservedPod[],
  desired: number,
): Failure | undefined {
  const ended = endedPods.filter((pod) => pod.revision === revision);
  const progressDeadlineMs = model.spec.rollout.progressDeadlineSeconds * 1000;
  return endedFailure({ ended, alive, desired, now, progressDeadlineMs });
}

/** The scheduler counts the nodes that do not fit; a GPU is rare enough to name them. */
function withNodes(
  failure: Failure,
  observed: Observed,
  revision: string,
  deployment: ObservedChild | undefined,
): Failure {
  const { gpu } = inputsOf(observed, revision);
  if (failure.reason !== "Unschedulable" || gpu === undefined || observed.nodes.length === 0) return failure;
  // As the pods have it, whatever spec.placement, spec.gpu and spec.podTemplate made of it.
  const pod = valueAt(deployment?.object, "spec", "template", "spec");
  const spec = isJsonObject(pod) ? (pod as unknown as V1PodSpec) : { containers: [] };
  return { ...failure, message: `${failure.message} (${explainGpu(gpu, spec, observed.nodes)})` };
}

/** What the revision was made with; the spec may ask for something else by now. */
export function inputsOf({ model, controllerRevisions }: Observed, revision: string): Pick<Spec, "gpu" | "server"> {
  const inputs = valueAt(recordOf(controllerRevisions, revision)?.object, "data", "inputs");
  return isJsonObject(inputs) ? inputs : model.spec;
}

function fetchReport({ fetch: { termination } }: ObservedPod): FetchReport | undefined {
  return termination?.exitCode === 0 && termination.report?.ok === true ? termination.report : undefined;
}

/** By name where equal, so that the same one speaks in every pass. */
function newestReport(pods: readonly ObservedPod[]): FetchReport | undefined {
  return pods
    .toSorted((left, right) => right.createdAt - left.createdAt || (left.name < right.name ? -1 : 1))
    .flatMap((pod) => fetchReport(pod) ?? [])[0];
}
