/**
 * What went wrong last, kept so that what happened in the night can be read in the morning.
 *
 *   known          seen now                          then
 *   -----          --------                          ----
 *   nothing or G   F                                 F
 *   F              F                                 F as it was; where another pod was put an end to, once more
 *   F              all that is wanted is ready       F, with the time of its recovery
 *   F, recovered   F                                 F anew, once more
 *   F, recovered   nothing for the progress deadline nothing
 *   any            a pod was put an end to after it, its end, recovered
 *                  and has been replaced already
 *   any            a pod that serves tells of a crash   the crash, recovered
 *                  that came again, after it
 *
 * F and F are the same failure when revision, stage and reason are. One of a revision that does not serve has nothing to
 * recover: it is kept until that revision serves in full.
 */
import { timestamp } from "../../api/conditions.ts";
import type { LastFailure } from "../../api/model.ts";
import { failureOfEnd, lastEnd } from "../pods/ended-pods.ts";
import type { Facts } from "./facts.ts";
import type { Failure } from "../pods/failures.ts";
import type { EndedPod, ObservedCrash } from "../observed.ts";

type Seen = Pick<LastFailure, "version" | "revision" | "pod" | "stage" | "reason" | "message" | "logTail">;

export function lastFailure(facts: Facts): LastFailure | undefined {
  const { failure, observed, before } = facts;
  const known = before?.lastFailure;
  if (failure !== undefined) return failing(known, seen(facts, failure), facts);
  const end = replacedEnd(facts, known);
  if (end !== undefined) return { ...again(known, end, facts), recoveryTime: timestamp(observed.now) };
  const crash = toldCrash(facts, known);
  if (crash !== undefined) return { ...again(known, crash, facts), recoveryTime: timestamp(observed.now) };
  const kept = isOver(facts, known) ? undefined : recovered(facts, known);
  const { rejected } = facts.decision;
  return rejected !== undefined && kept?.revision !== rejected.revision ? rejectedFailure(facts) : kept;
}

/**
 * When a failure that was recovered from is forgotten, in milliseconds since the epoch. The end of a pod not before it is
 * over by its node's clock, too, which may be ahead: it would be taken for another one.
 */
export function forgottenAt(
  known: LastFailure | undefined,
  endedPods: readonly EndedPod[],
  progressDeadlineMs: number,
): number | undefined {
  if (known?.recoveryTime === undefined) return undefined;
  const endedAt = endedPods.find(({ name }) => name === known.pod)?.at ?? 0;
  return Math.max(Date.parse(known.recoveryTime), endedAt) + progressDeadlineMs + 1;
}

function failing(known: LastFailure | undefined, now: Seen, facts: Facts): LastFailure {
  const ended = facts.observed.endedPods.some(({ name }) => name === now.pod);
  const isAgain = known?.recoveryTime !== undefined || (ended && known?.pod !== now.pod);
  if (!isSame(known, now) || isAgain) return again(known, now, facts);
  if (known.message === now.message) return known;
  return { ...now, ...counted(known.count), time: timestamp(facts.observed.now) };
}

function again(known: LastFailure | undefined, now: Seen, { observed }: Facts): LastFailure {
  const count = isSame(known, now) ? (known.count ?? 1) + 1 : undefined;
  return { ...now, ...counted(count), time: timestamp(observed.now) };
}

function counted(count: number | undefined): { readonly count?: number } {
  return count === undefined ? {} : { count };
}

function isSame(known: LastFailure | undefined, now: Seen): known is LastFailure {
  return known?.revision === now.revision && known?.stage === now.stage && known?.reason === now.reason;
}

function recovered(facts: Facts, known: LastFailure | undefined): LastFailure | undefined {
  if (known === undefined || known.recoveryTime !== undefined || !servesInFull(facts, known)) return known;
  return { ...known, recoveryTime: timestamp(facts.observed.now) };
}

function servesInFull({ decision, ready, limits }: Facts, { revision }: LastFailure): boolean {
  return revision === decision.current && ready >= limits.replicas;
}

function isOver({ observed, limits }: Facts, known: LastFailure | undefined): boolean {
  const at = forgottenAt(known, observed.endedPods, limits.progressDeadlineMs);
  return at !== undefined && observed.now >= at;
}

/**
 * The end of a pod of the revision that serves, of which nothing is to be seen any more but the pod that lies there. One
 * that came before what is known was told in its time.
 */
function replacedEnd(
  { observed, decision, limits, currentVersion }: Facts,
  known: LastFailure | undefined,
): Seen | undefined {
  const { now, endedPods } = observed;
  const own = endedPods.filter(({ revision }) => revision === decision.current);
  const end = lastEnd(own, Math.max(now - limits.progressDeadlineMs, Date.parse(known?.time ?? "") || 0));
  if (end === undefined || end.name === known?.pod) return undefined;
  return { version: currentVersion ?? "", revision: decision.current ?? "", ...withoutPermanent(failureOfEnd(end)) };
}

/**
 * Inputs that crash the engine of a pod that serves: it goes on, and refuses them. What came before what is known was told
 * in its time, and so was what is known itself, whose time may differ a little after a restart of this operator.
 */
function toldCrash({ observed, decision, target, limits }: Facts, known: LastFailure | undefined): Seen | undefined {
  const since = Math.max(observed.now - limits.progressDeadlineMs, Date.parse(known?.time ?? "") || 0);
  const crashes = observed.pods.flatMap(({ name, version, revision, repeatedCrash }) => {
    const isOurs = revision === decision.current || revision === target.revision;
    return repeatedCrash !== undefined && isOurs && repeatedCrash.at >= since
      ? [{ at: repeatedCrash.at, seen: { version, revision, pod: name, ...crashFailure(repeatedCrash) } }]
      : [];
  });
  const newest = crashes.toSorted((left, right) => right.at - left.at)[0]?.seen;
  return newest?.pod === known?.pod && newest?.message === known?.message ? undefined : newest;
}

function crashFailure({ requestId, inputs, message }: ObservedCrash): Pick<Seen, "stage" | "reason" | "message"> {
  return {
    stage: "Serve",
    reason: "Crashed",
    message: `the request ${requestId} crashed the engine as an earlier one with the same inputs did: ${message}. These inputs (sha256:${inputs}) are refused for an hour, all others are served: change them, or the model`,
  };
}

function seen({ fleets, target, decision, currentVersion }: Facts, failure: Failure): Seen {
  const ofTarget = fleets.get(target.revision)?.failure === failure;
  return {
    version: ofTarget ? target.version : (currentVersion ?? ""),
    revision: ofTarget ? target.revision : (decision.current ?? ""),
    ...withoutPermanent(failure),
  };
}

function withoutPermanent({ pod, stage, reason, message, logTail }: Failure): Omit<Seen, "version" | "revision"> {
  return {
    ...(pod === "" ? {} : { pod }),
    stage,
    reason,
    message,
    ...(logTail === undefined ? {} : { logTail }),
  };
}

/** A rejection without a pod, such as a reused version name, is a failure like any other. */
function rejectedFailure({ decision, target, observed }: Facts): LastFailure | undefined {
  const { rejected } = decision;
  if (rejected === undefined) return undefined;
  const { revision, stage, reason, message } = rejected;
  return { version: target.version, revision, stage, reason, message, time: timestamp(observed.now) };
}
