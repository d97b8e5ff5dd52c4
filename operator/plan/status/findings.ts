import type { ConditionType, Finding } from "../../api/conditions.ts";
import { isContested, rivalText } from "../children/contest.ts";
import type { Facts, Problem } from "./facts.ts";
import { standstillOf } from "../pods/standstill.ts";
import { leavingText } from "../pods/terminating.ts";

/** What the conditions say, each by the first of its rules that decides. */
export function findings(facts: Facts): Record<ConditionType, Finding> {
  return {
    Ready: firstOf(readyRules, facts),
    Available: firstOf(availableRules, facts),
    Reconciling: firstOf(reconcilingRules, facts),
    Stalled: firstOf(stalledRules, facts),
    Contested: contested(facts),
  };
}

/** A pod does not end though its time is over. */
const stuckReason = "PodStuckTerminating";

/** A rule either decides or passes on; the last rule of each list always decides. */
type Rule = (facts: Facts) => Finding | undefined;

const readyRules: readonly Rule[] = [
  paused, // what the spec asks for waits
  refusedReady, // an object could not be written
  rejectedReady, // the target failed; what served before serves on
  changing, // the target is on its way
  scaledToZero, // nothing is wanted, nothing is there
  complete, // every replica that is wanted is ready
  failed, // replicas are missing, and another try can only fail again
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
  ({ decision }) => (decision.step === "Paused" ? { status: "False", reason: "Paused", message: "" } : undefined),
  (facts) => (isStalled(facts) ? { status: "False", reason: "Stalled", message: "" } : undefined),
  ({ problems: [first] }) => first && { status: "True", reason: first.reason, message: first.message },
  (facts) =>
    isChanging(facts) ? { status: "True", reason: changeReason(facts), message: progressText(facts) } : undefined,
  (facts) =>
    facts.ready === facts.limits.replicas && facts.selected === facts.limits.replicas
      ? { status: "False", reason: "Settled", message: "" }
      : undefined,
  (facts) => ({ status: "True", reason: "Scaling", message: shortOf(facts) }),
];

const stalledRules: readonly Rule[] = [
  (facts) => {
    const [first] = lasting(facts);
    return first && { status: "True", reason: first.reason, message: first.message };
  },
  (facts) => {
    const rejected = facts.decision.rejected;
    return rejected && { status: "True", reason: rejected.reason, message: rejectedText(facts) };
  },
  failedForGood,
  heldUp,
  (facts) =>
    facts.overdue
      ? { status: "True", reason: "ProgressDeadlineExceeded", message: `no progress: ${hindrance(facts)}` }
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

function paused({ waiting }: Facts): Finding | undefined {
  if (waiting === undefined || waiting === 0) return undefined;
  const message = `spec.paused is true: ${waiting} ${waiting === 1 ? "write waits" : "writes wait"}, see status.plan`;
  return { status: "False", reason: "Paused", message };
}

function refusedReady(facts: Facts): Finding | undefined {
  const first = lasting(facts)[0] ?? facts.problems[0];
  return first && { status: "False", reason: first.reason, message: first.message };
}

/** The problems that stay until somebody acts; what the API server failed to do is tried again all the time. */
function lasting({ problems }: Facts): readonly Problem[] {
  return problems.filter(({ reason }) => reason !== "WriteFailed");
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
  const reason = facts.failure?.reason ?? (isHeldUp(facts) ? stuckReason : "RolloutInProgress");
  return { status: "False", reason, message: progressText(facts) };
}

/** On the way there, or on the way back: so long as another revision's pods answer too, the spec is not reached. */
function isChanging({ decision, target }: Facts): boolean {
  const { current, selector } = decision;
  return current !== target.revision || selector.kind === "shared" || selector.revision !== target.revision;
}

/** Of the target that serves, but not alone yet: an exchange is being undone. */
function changeReason({ decision }: Facts): string {
  return decision.step === "Steady" ? "Settling" : decision.step;
}

function isStalled(facts: Facts): boolean {
  return stalledRules.slice(0, -1).some((rule) => rule(facts) !== undefined);
}

function progressText(facts: Facts): string {
  const { target, limits, fleets } = facts;
  const ready = fleets.get(target.revision)?.ready ?? 0;
  return [`${target.version}: ${ready} of ${limits.replicas} pods ready`, ...obstacles(facts)].join("; ");
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
    const shares = decision.selector.kind === "shared" ? ", shared with the revision that leaves" : "";
    return { status: "True", reason: "Serving", message: `${target.version} serves${shares}` };
  }
  const shares = decision.selector.kind === "shared" ? `, shared with ${target.version}` : "";
  return { status: "True", reason: "ServingPrevious", message: `${currentVersion} serves${shares}` };
}

/** Of the revision that serves: at once, and not when the deadline is over, as waiting brings nothing. */
function failed(facts: Facts): Finding | undefined {
  const { failure, ready, limits } = facts;
  if (failure?.permanent !== true || ready >= limits.replicas) return undefined;
  return { status: "False", reason: failure.reason, message: shortOf(facts) };
}

/** Nothing goes on before somebody has looked after a pod that does not end. */
function heldUp(facts: Facts): Finding | undefined {
  const { leaving } = facts;
  if (leaving === undefined || !isHeldUp(facts)) return undefined;
  return { status: "True", reason: stuckReason, message: leavingText(leaving) };
}

function isHeldUp({ leaving }: Facts): boolean {
  return leaving !== undefined && leaving.awaited && leaving.stuck;
}

function failedForGood(facts: Facts): Finding | undefined {
  const finding = isChanging(facts) ? undefined : failed(facts);
  return finding && { ...finding, status: "True" };
}

function overdueReplicas(facts: Facts): Finding | undefined {
  return facts.overdue
    ? { status: "False", reason: facts.failure?.reason ?? "ReplicasMissing", message: waitingFor(facts) }
    : undefined;
}

/**
 * More pods, or fewer, are no new spec to reach: Ready does not flap with a scaler's writes, and says what it is. What
 * has never been tried has yet to show that it works.
 */
function scaling(facts: Facts): Finding | undefined {
  const { before } = facts;
  const last = before?.conditions?.find((condition) => condition.type === "Ready")?.reason;
  const untried = before?.rollout !== undefined && before.rollout.readyReplicas === undefined;
  const atZero = last === "ScaledToZero" || (last === "Scaling" && (before?.readyReplicas ?? 0) === 0);
  if (facts.ready === 0 && facts.limits.replicas > 0 && (untried || !atZero)) return undefined;
  return { status: "True", reason: "Scaling", message: shortOf(facts) };
}

function unavailable(facts: Facts): Finding {
  return { status: "False", reason: facts.failure?.reason ?? "Unavailable", message: waitingFor(facts) };
}

function replicasText({ ready, limits }: Facts): string {
  return `${ready} of ${limits.replicas} pods ready`;
}

/** How many there are, and what keeps the others where that is known. */
function shortOf(facts: Facts): string {
  return [replicasText(facts), ...obstacles(facts)].join("; ");
}

function waitingFor(facts: Facts): string {
  const known = obstacles(facts);
  return known.length === 0 ? replicasText(facts) : known.join("; ");
}

/** What is known to keep pods from being ready. */
function obstacles({ failure, leaving }: Facts): string[] {
  return [
    ...(failure === undefined ? [] : [`${failure.stage}: ${failure.message}`]),
    ...(leaving === undefined ? [] : [leavingText(leaving)]),
  ];
}

/** What keeps the pods that are missing for too long. */
function hindrance(facts: Facts): string {
  const { message } = standstillOf(facts.fleets.get(facts.target.revision));
  return facts.failure !== undefined || message === undefined
    ? waitingFor(facts)
    : `${replicasText(facts)}; ${message}`;
}

function contested({ drift, observed }: Facts): Finding {
  const fights = drift.filter(({ times }) => isContested(times, observed.now));
  if (fights.length === 0) return { status: "False", reason: "NoRival", message: "" };
  const named = fights.map(
    (fight) => `${fight.object} ${fight.field} is changed again and again by ${rivalText(fight)}`,
  );
  return {
    status: "True",
    reason: "FieldContested",
    message: `${named.join("; ")}: stop it, or set the field through the ModelDeployment; it is put back every five minutes`,
  };
}
