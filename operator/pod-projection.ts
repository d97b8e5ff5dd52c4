/** What the cache keeps of a pod: how it lives, or how it came to its end. */
import { containers, labels } from "./api/names.ts";
import { containerWithoutRequest, type PodRequests } from "./api/requests.ts";
import { readable } from "./api/text.ts";
import type { KubeObject } from "./kube/transport/resources.ts";
import type { Ending, ObservedContainer, ObservedPod, Termination } from "./plan/observed.ts";
import { type Cached, modelKey, type RawCondition } from "./projections.ts";
import { annotations, pinCharacters, type PodReport } from "../server/contract.ts";

interface RawPod extends KubeObject {
  readonly spec?: PodRequests & { readonly nodeName?: string };
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly podIP?: string;
    readonly conditions?: readonly RawCondition[];
    readonly initContainerStatuses?: readonly RawContainer[];
    readonly containerStatuses?: readonly RawContainer[];
  };
}

interface RawContainer {
  readonly name: string;
  readonly state?: RawState;
  readonly lastState?: RawState;
}

interface RawState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly running?: object;
  readonly terminated?: {
    readonly exitCode: number;
    readonly reason?: string;
    readonly message?: string;
    readonly finishedAt?: string | null;
  };
}

/** A pod, and how it came to its end where it has. */
export interface CachedPod {
  readonly pod: ObservedPod;
  readonly ending: Ending | undefined;
  /** Its IP; empty before it has one. */
  readonly address: string;
}

export function projectPod(raw: RawPod): Cached<CachedPod> {
  return {
    model: modelKey(raw),
    owner: raw.metadata.ownerReferences?.find(({ controller, kind }) => controller === true && kind === "ReplicaSet")
      ?.name,
    value: { pod: projectLife(raw), ending: projectEnding(raw), address: raw.status?.podIP ?? "" },
  };
}

function projectLife(raw: RawPod): ObservedPod {
  const condition = (type: string): RawCondition | undefined =>
    raw.status?.conditions?.find((candidate) => candidate.type === type);
  const ready = condition("Ready");
  const scheduled = condition("PodScheduled");
  const unschedulable = scheduled?.status === "False" && scheduled.reason === "Unschedulable";
  const own = raw.metadata.labels ?? {};
  return {
    name: raw.metadata.name,
    uid: raw.metadata.uid,
    revision: own[labels.revision] ?? "",
    version: own[labels.version] ?? "",
    createdAt: Date.parse(raw.metadata.creationTimestamp),
    deleting: raw.metadata.deletionTimestamp !== undefined,
    leaving: leavingOf(raw.metadata),
    node: raw.spec?.nodeName ?? "",
    ready: ready?.status === "True",
    readySince: ready?.status === "True" ? Date.parse(ready.lastTransitionTime ?? "") : undefined,
    outOfService: raw.metadata.annotations?.[annotations.inService] === "false",
    unschedulable: unschedulable ? readable(scheduled.message ?? "no node has room") : undefined,
    withoutCpuRequest: containerWithoutRequest(raw.spec ?? {}, "cpu"),
    withoutMemoryRequest: containerWithoutRequest(raw.spec ?? {}, "memory"),
    fetch: projectContainer(raw.status?.initContainerStatuses, containers.fetch),
    server: projectContainer(raw.status?.containerStatuses, containers.server),
  };
}

/** The API server sets the time at which its grace is over. */
function leavingOf({
  deletionTimestamp,
  deletionGracePeriodSeconds = 0,
}: KubeObject["metadata"]): ObservedPod["leaving"] {
  if (deletionTimestamp === undefined) return undefined;
  const until = Date.parse(deletionTimestamp);
  return { since: until - deletionGracePeriodSeconds * 1000, until };
}

/** A kubelet writes neither phase before the last container is over (its mergePodStatus sees to that). */
function projectEnding({ metadata, status }: RawPod): Ending | undefined {
  const phase = status?.phase;
  if (phase !== "Failed" && phase !== "Succeeded") return undefined;
  const ended = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const times = [
    metadata.creationTimestamp,
    ...(status?.conditions ?? []).map(({ lastTransitionTime }) => lastTransitionTime),
    ...ended.map(({ state }) => state?.terminated?.finishedAt),
  ].map((time) => Date.parse(time ?? ""));
  return {
    failed: phase === "Failed",
    reason: readable(status?.reason ?? ""),
    message: readable(status?.message ?? "").trim(),
    at: Math.max(...times.filter(Number.isFinite)),
  };
}

function projectContainer(statuses: readonly RawContainer[] | undefined, name: string): ObservedContainer {
  const status = statuses?.find((candidate) => candidate.name === name);
  const { waiting, running, terminated } = status?.state ?? {};
  const ended = terminated ?? status?.lastState?.terminated;
  return {
    state: status === undefined ? "absent" : running ? "running" : terminated ? "terminated" : "waiting",
    waiting: waiting && { reason: waiting.reason ?? "", message: readable(waiting.message ?? "") },
    termination: ended && projectTermination(ended),
  };
}

function projectTermination(ended: NonNullable<RawState["terminated"]>): Termination {
  const text = readable(ended.message ?? "");
  const report = parseReport(text);
  return { exitCode: ended.exitCode, reason: ended.reason ?? "", report, text: report === undefined ? text : "" };
}

/** A termination message is whatever the container wrote; only what has the shape of a report is taken for one. */
function parseReport(text: string): PodReport | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isReport(value) ? readableReport(value) : undefined;
  } catch {
    return undefined; // a log line that begins with a brace
  }
}

function isReport(value: unknown): value is PodReport {
  if (typeof value !== "object" || value === null || !("ok" in value)) return false;
  if (value.ok === true) {
    return (
      "digest" in value &&
      isText(value.digest) &&
      digestPattern.test(value.digest) &&
      (!("pin" in value) || (isText(value.pin) && pinPattern.test(value.pin) && value.pin.length <= pinCharacters)) &&
      (!("warning" in value) || isText(value.warning))
    );
  }
  return (
    value.ok === false &&
    "stage" in value &&
    isText(value.stage) &&
    ["Download", "Load", "Serve"].includes(value.stage) &&
    "reason" in value &&
    isText(value.reason) &&
    reasonPattern.test(value.reason) &&
    "message" in value &&
    isText(value.message) &&
    (!("logTail" in value) || isText(value.logTail))
  );
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** What is recorded for ever, and what the pods of the version are held to, is a digest or nothing. */
const digestPattern = /^sha256:[0-9a-f]{64}$/;
/** It becomes the value of a variable in the pods that follow. */
const pinPattern = /^[\x21-\x7e]+$/;
/** It becomes the reason of a condition; the CRD bounds those. An image of the user's may report what it likes. */
const reasonPattern = /^[A-Z][A-Za-z0-9]{0,63}$/;

/** JSON escapes bring back what the raw text was cleaned of. */
function readableReport(report: PodReport): PodReport {
  if (report.ok) {
    return report.warning === undefined ? report : { ...report, warning: readable(report.warning) };
  }
  const { message, logTail } = report;
  return { ...report, message: readable(message), ...(logTail === undefined ? {} : { logTail: readable(logTail) }) };
}
