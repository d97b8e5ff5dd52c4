import type { FailureReason, Stage } from "../../../server/contract.ts";
import { failureReasons } from "../../../server/contract.ts";
import type { ObservedContainer, ObservedPod, Termination } from "../observed.ts";

/** Why a pod does not serve, and where in a version's life that is. */
export interface Failure {
  readonly stage: Stage;
  readonly reason: string;
  readonly message: string;
  readonly logTail?: string;
  readonly pod: string;
  /** The same revision can only fail again: it is not tried any more. */
  readonly permanent: boolean;
}

/** Waiting reasons with which the kubelet says that a container cannot start; all others are on the way. */
const imageReasons = ["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"];
const configurationReasons = ["CreateContainerConfigError", "CreateContainerError", "RunContainerError"];

/** 128 + SIGKILL: without the word OOMKilled, usually the kernel's choice of another process in the container. */
const killed = 137;

/**
 * What is wrong with a pod, or undefined when nothing is. The checks are in the order of a pod's life; the first that
 * finds something speaks. A ready pod has no failure: what went wrong before is past.
 */
export function failureOf(pod: ObservedPod): Failure | undefined {
  if (pod.ready || pod.deleting) return undefined;
  for (const check of checks) {
    const failure = check(pod);
    if (failure !== undefined) return { ...failure, pod: pod.name };
  }
  return undefined;
}

type Check = (pod: ObservedPod) => Omit<Failure, "pod"> | undefined;

const checks: readonly Check[] = [
  unschedulable, // no node has room
  (pod) => cannotStart(pod.fetch), // image or configuration of the init container
  fetchFailed, // the model could not be had
  (pod) => cannotStart(pod.server), // image or configuration of the server
  serverFailed, // it did not load, or it crashed
];

function unschedulable(pod: ObservedPod): Omit<Failure, "pod"> | undefined {
  if (pod.unschedulable === undefined) return undefined;
  return { stage: "Schedule", reason: "Unschedulable", message: pod.unschedulable, permanent: false };
}

function cannotStart(container: ObservedContainer): Omit<Failure, "pod"> | undefined {
  const waiting = container.waiting;
  if (waiting === undefined) return undefined;
  if (imageReasons.includes(waiting.reason)) {
    // The kubelet's messages alternate between ErrImagePull and ImagePullBackOff: one reason keeps the status still.
    return { stage: "Schedule", reason: "ImagePullFailed", message: imageMessage(waiting.message), permanent: false };
  }
  if (configurationReasons.includes(waiting.reason)) {
    return { stage: "Schedule", reason: waiting.reason, message: waiting.message, permanent: false };
  }
  return undefined;
}

function imageMessage(message: string): string {
  const image = /"([^"]+)"/.exec(message)?.[1];
  return image === undefined
    ? "the server image cannot be pulled: see the pod's events"
    : `the server image ${image} cannot be pulled: check spec.server.image, the registry and the pull secret`;
}

function fetchFailed(pod: ObservedPod): Omit<Failure, "pod"> | undefined {
  const termination = pod.fetch.termination;
  if (termination === undefined || termination.exitCode === 0) return undefined;
  return fromTermination(termination, "Download");
}

function serverFailed(pod: ObservedPod): Omit<Failure, "pod"> | undefined {
  const termination = pod.server.termination;
  if (termination === undefined || termination.exitCode === 0) return undefined;
  const failure = fromTermination(termination, "Load");
  // It runs again, and may have served for weeks since: not ready for a moment, it must not be given up for the past.
  return pod.server.state === "running" ? { ...failure, permanent: false } : failure;
}

/** A report speaks for itself; without one, the exit tells what it can. */
function fromTermination(termination: Termination, stage: Stage): Omit<Failure, "pod"> {
  const report = termination.report;
  if (report?.ok === false) {
    return {
      stage: report.stage,
      reason: report.reason,
      message: report.message,
      permanent: isPermanent(report.reason),
      ...(report.logTail === undefined ? {} : { logTail: report.logTail }),
    };
  }
  if (termination.reason === "OOMKilled" || termination.exitCode === killed) {
    return {
      stage,
      reason: "OutOfMemory",
      message: "the container was killed for lack of memory: raise spec.resources.limits.memory",
      permanent: false,
    };
  }
  return {
    stage,
    reason: "Crashed",
    message: `the container ended with exit code ${termination.exitCode} and left no report: see its log`,
    permanent: false,
    ...(termination.text === "" ? {} : { logTail: termination.text }),
  };
}

/** A reason that an image of the user's made up is worth another try. */
function isPermanent(reason: string): boolean {
  return Object.hasOwn(failureReasons, reason) && failureReasons[reason as FailureReason].permanent;
}
