import { conditionsOf, timestamp, type ConditionType, type Finding } from "../api/conditions.ts";
import type { Drift, LastFailure, Status, VersionStatus } from "../api/model.ts";
import { selectorText } from "../api/names.ts";
import { serviceUrl } from "../build/service.ts";
import { isContested } from "./contest.ts";
import type { Failure } from "./failures.ts";
import { type Fleet, selectedPods } from "./fleet.ts";
import type { Limits } from "./limits.ts";
import type { Observed } from "./observed.ts";
import type { RolloutDecision } from "./rollout.ts";

/** A write that the API server refused for a reason that only a person can change. */
export interface Problem {
  readonly object: string;
  readonly reason: "NameTaken" | "Refused";
  readonly message: string;
}

export interface StatusInputs {
  readonly observed: Observed;
  readonly decision: RolloutDecision;
  readonly fleets: ReadonlyMap<string, Fleet>;
  readonly limits: Limits;
  readonly target: { readonly revision: string; readonly version: string };
  /** Recorded digest by version name. */
  readonly digests: Readonly<Record<string, string>>;
  readonly drift: readonly Drift[];
  readonly problems: readonly Problem[];
}

/** Everything that the findings are made from, counted once. */
interface Facts extends StatusInputs {
  readonly ready: number;
  readonly selected: number;
  readonly failure: Failure | undefined;
  readonly overdue: boolean;
  readonly currentVersion: string | undefined;
  readonly before: Status | undefined;
}

/** The whole status, as it is written when it differs from the one that is there. */
export function statusOf(inputs: StatusInputs): Status {
  const facts = factsOf(inputs);
  const { observed, decision, target } = inputs;
  const { metadata, spec } = observed.model;
  const failure = lastFailure(facts);
  return {
    observedGeneration: metadata.generation,
    conditions: conditionsOf(findings(facts), facts.before?.conditions, metadata.generation, observed.now),
    ...(facts.currentVersion === undefined ? {} : { currentVersion: facts.currentVersion }),
    ...(decision.current === undefined ? {} : { currentRevision: decision.current }),
    targetVersion: target.version,
    targetRevision: target.revision,
    replicas: facts.selected,
    readyReplicas: facts.ready,
    selector: selectorText(metadata.name, decision.selector),
    url: serviceUrl(metadata, spec.service),
    versions: versionsOf(facts),
    ...(decision.progress === undefined ? {} : { rollout: decision.progress }),
    ...(decision.previous === undefined ? {} : { previous: decision.previous }),
    ...(decision.rejected === undefined ? {} : { rejected: decision.rejected }),
    ...(failure === undefined ? {} : { lastFailure: failure }),
    ...(inputs.drift.length === 0 ? {} : { drift: inputs.drift }),
  };
}

function factsOf(inputs: StatusInputs): Facts {
  const { observed, decision, fleets, limits, target } = inputs;
  const selected = selectedPods(observed, decision.selector);
  const progress = decision.progress;
  const current = decision.current === undefined ? undefined : fleets.get(decision.current);
  const before = observed.model.status;
  return {
    ...inputs,
    ready: selected.filter((pod) => pod.ready).length,
    selected: selected.length,
    failure: fleets.get(target.revision)?.failure ?? current?.failure,
    overdue:
      progress !== undefined && observed.now >= Date.parse(progress.lastProgressTime) + limits.progressDeadlineMs,
    currentVersion:
      decision.current === target.revision ? target.version : (current?.version ?? before?.currentVersion),
    before,
  };
}

function findings(facts: Facts): Record<ConditionType, Finding> {
  return {
    Ready: firstOf(readyRules, facts),
    Available: firstOf(availableRules, facts),
    Reconciling: firstOf(reconcilingRules, facts),
    Stalled: firstOf(stalledRules, facts),
    Contested: contested(facts),
  };
}

/** A rule either decides or passes on; the last rule of each list always decides. */
type Rule = (facts: Facts) => Finding | undefined;

const readyRules: readonly Rule[] = [
  problem("False"), // an object could not be written
  rejectedReady, // the target failed; what served before serves on
  changing, // the target is on its way
  scaledToZero, // nothing is wanted, nothing is there
  complete, // every replica that is wanted is ready
  overdueReplicas, // replicas are missing for longer than the progress deadline
  scaling, // replicas are on their way after a change of their number
  unavailable, // nothing is ready
];

const availableRules: readonly Rule[] = [
  (facts) => (facts.ready > 0 ? serving(facts) : undefined),
  (facts) =>
    facts.limits.replicas === 0
      ? { status: "False", reason: "ScaledToZero", message: "spec.replicas is 0" }
      : undefined,
  (facts) => ({ status: "False", reason: "NoReadyPod", message: waitingFor(facts) }),
];

const reconcilingRules: readonly Rule[] = [
  (facts) => (isStalled(facts) ? { status: "False", reason: "Stalled", message: "" } : undefined),
  (facts) =>
    isChanging(facts) ? { status: "True", reason: facts.decision.step, message: progressText(facts) } : undefined,
  (facts) =>
    facts.ready === facts.limits.replicas && facts.selected === facts.limits.replicas
      ? { status: "False", reason: "Settled", message: "" }
      : undefined,
  (facts) => ({ status: "True", reason: "Scaling", message: replicasText(facts) }),
];

const stalledRules: readonly Rule[] = [
  problem("True"),
  (facts) => {
    const rejected = facts.decision.rejected;
    return rejected && { status: "True", reason: rejected.reason, message: rejectedText(facts) };
  },
  (facts) =>
    facts.overdue
      ? { status: "True", reason: "ProgressDeadlineExceeded", message: `no progress: ${waitingFor(facts)}` }
      : undefined,
  () => ({ status: "False", reason: "Progressing", message: "" }),
];

function firstOf(rules: readonly Rule[], facts: Facts): Finding {
  for (const rule of rules) {
    const finding = rule(facts);
    if (finding !== undefined) return finding;
  }
  return { status: "Unknown", reason: "Undecided", message: "" };
}

function problem(status: "True" | "False"): Rule {
  return ({ problems: [first] }) => first && { status, reason: first.reason, message: first.message };
}

function rejectedReady(facts: Facts): Finding | undefined {
  const rejected = facts.decision.rejected;
  return rejected && { status: "False", reason: rejected.reason, message: rejectedText(facts) };
}

function rejectedText({ decision, target, ready, currentVersion }: Facts): string {
  const rejected = decision.rejected;
  const serves =
    decision.current !== undefined && decision.current !== target.revision && ready > 0
      ? `; ${currentVersion} goes on serving`
      : "";
  return `${target.version} failed at ${rejected?.stage}: ${rejected?.message}${serves}`;
}

function changing(facts: Facts): Finding | undefined {
  if (!isChanging(facts)) return undefined;
  return { status: "False", reason: facts.failure?.reason ?? "RolloutInProgress", message: progressText(facts) };
}

function isChanging(facts: Facts): boolean {
  return facts.decision.current !== facts.target.revision;
}

function isStalled(facts: Facts): boolean {
  return facts.problems.length > 0 || facts.decision.rejected !== undefined || facts.overdue;
}

function progressText(facts: Facts): string {
  const { target, limits, fleets, failure } = facts;
  const ready = fleets.get(target.revision)?.ready ?? 0;
  const count = `${target.version}: ${ready} of ${limits.replicas} pods ready`;
  return failure === undefined ? count : `${count}; ${failure.stage}: ${failure.message}`;
}

function scaledToZero(facts: Facts): Finding | undefined {
  if (facts.limits.replicas > 0 || facts.selected > 0) return undefined;
  return { status: "True", reason: "ScaledToZero", message: "spec.replicas is 0" };
}

function complete(facts: Facts): Finding | undefined {
  const { limits, ready, selected } = facts;
  return limits.replicas > 0 && ready === limits.replicas && selected === limits.replicas ? serving(facts) : undefined;
}

function serving(facts: Facts): Finding {
  const { decision, target, currentVersion } = facts;
  if (decision.current === undefined || decision.current === target.revision) {
    return { status: "True", reason: "Serving", message: `${target.version} serves` };
  }
  const shares = decision.selector.kind === "shared" ? `, shared with ${target.version}` : "";
  return { status: "True", reason: "ServingPrevious", message: `${currentVersion} serves${shares}` };
}

function overdueReplicas(facts: Facts): Finding | undefined {
  return facts.overdue
    ? { status: "False", reason: facts.failure?.reason ?? "ReplicasMissing", message: waitingFor(facts) }
    : undefined;
}

/** More pods, or fewer, are no new spec to reach: Ready does not flap with a scaler's writes, and says what it is. */
function scaling(facts: Facts): Finding | undefined {
  const last = facts.before?.conditions?.find((condition) => condition.type === "Ready")?.reason;
  const fromZero = last === "ScaledToZero" || last === "Scaling";
  if (facts.ready === 0 && facts.limits.replicas > 0 && !fromZero) return undefined;
  return { status: "True", reason: "Scaling", message: replicasText(facts) };
}

function unavailable(facts: Facts): Finding {
  return { status: "False", reason: facts.failure?.reason ?? "Unavailable", message: waitingFor(facts) };
}

function replicasText({ ready, limits }: Facts): string {
  return `${ready} of ${limits.replicas} pods ready`;
}

function waitingFor(facts: Facts): string {
  return facts.failure === undefined ? replicasText(facts) : `${facts.failure.stage}: ${facts.failure.message}`;
}

function contested({ drift, observed }: Facts): Finding {
  const fights = drift.filter(({ times }) => isContested(times, observed.now));
  if (fights.length === 0) return { status: "False", reason: "NoRival", message: "" };
  const named = fights.map(
    ({ object, field, manager }) =>
      `${object} ${field} is changed again and again by ${manager ?? "an unnamed manager"}`,
  );
  return {
    status: "True",
    reason: "FieldContested",
    message: `${named.join("; ")}: stop it, or set the field through the ModelDeployment; it is put back every five minutes`,
  };
}

/** Kept until the revision that failed serves in full, so that what went wrong in the night can be read in the morning. */
function lastFailure(facts: Facts): LastFailure | undefined {
  const { failure, observed, target, decision, fleets, before } = facts;
  const known = before?.lastFailure;
  if (failure === undefined) {
    const recovered = known?.revision === decision.current && facts.ready >= facts.limits.replicas;
    return recovered ? undefined : (known ?? rejectedFailure(facts));
  }
  const failing = fleets.get(target.revision)?.failure === failure ? target.revision : (decision.current ?? "");
  const version = failing === target.revision ? target.version : (facts.currentVersion ?? "");
  const same =
    known?.revision === failing &&
    known.stage === failure.stage &&
    known.reason === failure.reason &&
    known.message === failure.message;
  if (same) return known;
  return {
    version,
    revision: failing,
    ...(failure.pod === "" ? {} : { pod: failure.pod }),
    stage: failure.stage,
    reason: failure.reason,
    message: failure.message,
    ...(failure.logTail === undefined ? {} : { logTail: failure.logTail }),
    time: timestamp(observed.now),
  };
}

/** A rejection without a pod, such as a reused version name, is a failure like any other. */
function rejectedFailure({ decision, target, observed }: Facts): LastFailure | undefined {
  const rejected = decision.rejected;
  if (rejected === undefined) return undefined;
  const { stage, reason, message } = rejected;
  return {
    version: target.version,
    revision: rejected.revision,
    stage,
    reason,
    message,
    time: timestamp(observed.now),
  };
}

function versionsOf(facts: Facts): VersionStatus[] {
  const { observed, fleets, decision, digests, ready } = facts;
  const alive = [...fleets.values()].filter((fleet) => fleet.desired > 0 || fleet.pods.length > 0);
  const names = new Set([
    ...observed.model.spec.versions.map(({ name }) => name),
    ...alive.map(({ version }) => version),
  ]);
  return [...names].map((name) => {
    const own = alive.filter((fleet) => fleet.version === name);
    const inService = own.filter(
      ({ revision }) => decision.selector.kind === "shared" || decision.selector.revision === revision,
    );
    const newest = own.find(({ revision }) => revision === facts.target.revision) ?? own[0];
    const digest = digests[name];
    return {
      name,
      ...(digest === undefined ? {} : { digest }),
      ...(newest === undefined ? {} : { revision: newest.revision }),
      replicas: sum(own.map(({ pods }) => pods.length)),
      readyReplicas: sum(own.map((fleet) => fleet.ready)),
      weight: ready === 0 ? 0 : Math.round((100 * sum(inService.map((fleet) => fleet.ready))) / ready),
    };
  });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
