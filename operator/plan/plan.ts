import { kinds } from "../api/kinds.ts";
import { stringsAt } from "../api/json.ts";
import type { Drift, Status, VersionEntry } from "../api/model.ts";
import { labels, type Selector, selectorText } from "../api/names.ts";
import { annotations } from "../../server/contract.ts";
import { checkSpec } from "./checks.ts";
import { nextCountedAt } from "./pods/counted-pods.ts";
import type { Write } from "./children/children.ts";
import { childPlans } from "./children/desired.ts";
import { type ContestDecision, contestWakeTimes, rememberedDrift } from "./children/contest.ts";
import { type Announcement, announcements } from "./status/announcements.ts";
import { fleetsOf, selectedPods, type Fleet } from "./pods/fleet.ts";
import { explain } from "./status/explain.ts";
import type { Problem, StatusInputs } from "./status/facts.ts";
import { historyNumber } from "./revision/history.ts";
import { forgottenAt } from "./status/last-failure.ts";
import { leftovers } from "./children/leftovers.ts";
import { limitsOf } from "./rollout/limits.ts";
import type { Observed } from "./observed.ts";
import { type DigestRecord, digestRecord, recordedDigests, reusedVersion } from "./revision/record.ts";
import { targetRevision, type Revision } from "./revision/revision.ts";
import { decideRollout, type RolloutDecision } from "./rollout/rollout.ts";
import { statusOf } from "./status/status.ts";
import { templateOf } from "./revision/template.ts";
import { stuckTimes } from "./pods/terminating.ts";

/** What to write, and why. Made from plain data alone: the same observation gives the same plan. */
export interface Plan {
  readonly writes: readonly Write[];
  /** What to tell, once the status that belongs to the plan is written down. */
  readonly announcements: (outcome: Outcome, status: Status) => readonly Announcement[];
  /** The status that belongs to the plan, once it is known what came of its writes. */
  readonly status: (outcome: Outcome) => Status;
  /** What is done and why, a line each. */
  readonly why: readonly string[];
  /** Look again after this many milliseconds though nothing has changed. */
  readonly wakeAfterMs: number | undefined;
}

/** What came of the writes of a plan. */
export interface Outcome {
  /** Writes that the API server refused or failed to do. */
  readonly problems: readonly Problem[];
  /** Whether the traffic could be moved as planned: if not, what served before still does. */
  readonly moved: boolean;
  /** Fields that were written and are what they were before: the API server makes them so, and nobody changed them. */
  readonly unchanged: readonly { readonly object: string; readonly field: string }[];
}

/** Every write was done, and did what it was to do. */
export const allDone: Outcome = { problems: [], moved: true, unchanged: [] };

export function planModel(observed: Observed): Plan | undefined {
  const { model, now } = observed;
  const target = targetRevision(model.spec);
  if (target === undefined || model.metadata.deletionTimestamp !== undefined) return undefined;

  const limits = limitsOf(model.spec);
  const fleets = fleetsOf(observed);
  const current = currentRevision(observed, fleets, target);
  const entry = target.inputs.version;
  const record = digestRecord(observed, [fleets.get(target.hash), fleets.get(current ?? "")], entry);
  const retryToken = model.spec.rollout.retryToken;
  const known = model.status?.rejected;
  const standing = known?.revision === target.hash && known.retryToken === retryToken ? known : undefined;
  const named = { revision: target.hash, version: entry.name };
  const decision = decideRollout({
    now,
    limits,
    target: named,
    resolved: isResolved(entry, record, fleets.get(target.hash)?.desired ?? 0, limits.replicas),
    // A digest of the user's is on record before anything was fetched.
    fetchedBefore: entry.digest === undefined && Object.hasOwn(record.recorded, entry.name),
    current,
    previous: model.status?.previous,
    progress: model.status?.rollout,
    rejected: reusedVersion(entry, target.hash, retryToken, record) ?? standing,
    retryToken,
    fleets,
    strategy: model.spec.rollout.strategy,
    selected: selectedRevision(observed),
    shared: isShared(observed),
  });
  const findings = checkSpec({ observed, fleets, target });

  const children = childPlans({ observed, decision, fleets, target, record });
  const contests = children.flatMap((child) => child.contests);
  const real = ({ unchanged }: Outcome): readonly ContestDecision[] =>
    contests.filter((contest) => isReal(contest, unchanged));
  const driftAfter = (outcome: Outcome): readonly Drift[] =>
    rememberedDrift(model.status?.drift ?? [], real(outcome), now);
  const writes = [
    ...children.flatMap((child) => child.write ?? []),
    ...leftovers(observed, decision, target.hash),
    ...serviceMarks(observed, decision),
  ];
  const why = explain(observed, decision, named, writes);
  const draft = { observed, decision, fleets, limits, target: named, digests: record.known };
  if (model.spec.paused === true) return pausedPlan(draft, writes, why, findings);
  const countedAt = nextCountedAt(observed.pods, now);
  const forgotten = forgottenAt(model.status?.lastFailure, observed.endedPods, limits.progressDeadlineMs);
  const wakeTimes = [
    decision.wakeAt,
    countedAt,
    forgotten,
    ...stuckTimes(observed.pods),
    ...driftAfter(allDone).flatMap((item) => contestWakeTimes(item, now)),
  ];
  return {
    writes,
    announcements: (outcome, status) =>
      announcements({
        before: model.status,
        after: status,
        decision,
        target: named,
        contests: real(outcome),
        drift: driftAfter(outcome),
        record,
        limits,
        fleets,
        numberOf: (revision) => historyNumber(observed.controllerRevisions, revision),
        now,
      }),
    status: (outcome) =>
      statusOf({
        ...draft,
        decision: outcome.moved ? decision : unmoved(observed, decision, current),
        drift: driftAfter(outcome),
        problems: [...outcome.problems, ...findings],
      }),
    why,
    wakeAfterMs: soonest(wakeTimes, now),
  };
}

/** Nothing is written but status: what is, as it is, and in status.plan what would be done. */
function pausedPlan(
  draft: Omit<StatusInputs, "problems" | "drift">,
  waiting: readonly Write[],
  why: readonly string[],
  findings: readonly Problem[],
): Plan {
  const { observed, target } = draft;
  const before = observed.model.status;
  const selected = selectedRevision(observed);
  const decision: RolloutDecision = {
    current: before?.currentRevision,
    selector: isShared(observed) ? { kind: "shared" } : { kind: "exact", revision: selected ?? target.revision },
    replicas: new Map(),
    outOfService: new Set(),
    previous: before?.previous,
    progress: before?.rollout,
    rejected: before?.rejected,
    wakeAt: undefined,
    step: "Paused",
  };
  const inputs = {
    ...draft,
    decision,
    digests: recordedDigests(observed),
    drift: before?.drift ?? [],
    waiting: waiting.length,
  };
  return {
    writes: [],
    announcements: () => [],
    status: ({ problems }) => ({ ...statusOf({ ...inputs, problems: [...problems, ...findings] }), plan: [...why] }),
    why,
    wakeAfterMs: undefined,
  };
}

/** A put-back that changed nothing had nobody's edit to put back. */
function isReal({ drift }: ContestDecision, unchanged: Outcome["unchanged"]): boolean {
  return !unchanged.some(({ object, field }) => object === drift.object && field === drift.field);
}

/**
 * Whether the target may have all its pods. With none to be added, it is enough that its digest is written down in this
 * very pass, before any traffic is moved.
 */
function isResolved(entry: VersionEntry, record: DigestRecord, desired: number, replicas: number): boolean {
  if (entry.digest !== undefined || Object.hasOwn(record.recorded, entry.name)) return true;
  return desired >= replicas && Object.hasOwn(record.known, entry.name);
}

/**
 * The revision that serves: what status says, so long as something is left of it. Else one that has ready pods, if any:
 * the one that the Service selects, which was on its way when the spec changed again or whose status was lost
 * (restored from a backup); or the one with the most of them. The target itself has yet to become complete, unless
 * there is no status to say so.
 */
function currentRevision(observed: Observed, fleets: ReadonlyMap<string, Fleet>, target: Revision): string | undefined {
  const known = observed.model.status?.currentRevision;
  if (known !== undefined && (fleets.has(known) || templateOf(observed, known, target) !== undefined)) return known;
  const selected = selectedRevision(observed);
  return [...fleets.values()]
    .filter(({ deployment, ready }) => deployment !== undefined && ready > 0)
    .filter(({ revision }) => observed.model.status === undefined || revision !== target.hash)
    .toSorted(
      (left, right) =>
        Number(right.revision === selected) - Number(left.revision === selected) ||
        right.ready - left.ready ||
        (left.revision < right.revision ? -1 : 1),
    )[0]?.revision;
}

/** The decision of a pass that could not move the traffic: the Service selects what it did, and nothing was released. */
function unmoved(observed: Observed, decision: RolloutDecision, current: string | undefined): RolloutDecision {
  const { service } = observed;
  const revision = selectedRevision(observed);
  const selector: Selector = revision === undefined ? { kind: "shared" } : { kind: "exact", revision };
  return {
    ...decision,
    current,
    selector: service === undefined ? decision.selector : selector,
    previous: observed.model.status?.previous,
  };
}

/**
 * Status and Service must agree on it: a stranger's selector alone is drift, and no reason to send traffic anywhere.
 * Where the status is lost, the Service alone says it.
 */
function isShared(observed: Observed): boolean {
  if (observed.service === undefined || selectedRevision(observed) !== undefined) return false;
  const { metadata, status } = observed.model;
  return status === undefined || status.selector === selectorText(metadata.name, { kind: "shared" });
}

/** The one revision that the Service selects at the moment. */
function selectedRevision({ service }: Observed): string | undefined {
  return stringsAt(service?.object, "spec", "selector")[labels.revision];
}

/** Pods are told to come into service before the Service selects them, and to go out of it after. */
function serviceMarks(observed: Observed, decision: RolloutDecision): Write[] {
  const selected = new Set(selectedPods(observed, decision.selector).map(({ uid }) => uid));
  return observed.pods.flatMap((pod): Write[] => {
    if (pod.deleting) return [];
    const comes = selected.has(pod.uid) && pod.outOfService;
    const goes = !selected.has(pod.uid) && !pod.outOfService && decision.outOfService.has(pod.revision);
    // A pod that is out of service and about to be deleted must not be told that it serves.
    if (!comes && !goes) return [];
    return [
      {
        phase: goes ? "release" : "prepare",
        verb: "patch",
        kind: kinds.pod,
        name: pod.name,
        uid: pod.uid,
        body: { metadata: { annotations: { [annotations.inService]: goes ? "false" : null } } },
      },
    ];
  });
}

function soonest(times: readonly (number | undefined)[], now: number): number | undefined {
  // What is past has been decided on in this pass.
  const ahead = times.filter((time): time is number => time !== undefined && time > now);
  return ahead.length === 0 ? undefined : Math.min(...ahead) - now;
}
