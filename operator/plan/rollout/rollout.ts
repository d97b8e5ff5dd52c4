/**
 * Which revision serves, what the Service selects, and how many pods each revision has. Stateless: the next step
 * follows from what is observed and from four things kept in status (the revision that serves, the one before, the
 * change under way, the rejection), so a pass that was cut off anywhere is simply made again.
 *
 *   serves   target     what is done
 *   ------   ------     -------------------------------------------------------------------------------------------
 *   nothing  T          bring T up; the Service selects T all along; T serves once it is complete
 *   C        C          keep C at spec.replicas; keep the previous one warm for keepPreviousSeconds, then delete it
 *                       (a new change, too, ends its stay: two revisions at a time are enough to pay for)
 *   C        T failed   the same for C; T at 0 until the spec or rollout.retryToken changes
 *   C        T warm     flip at once, then bring T to size; so, too, when nothing of C is ready and some of T is
 *   C        T          Recreate: stop C, and bring T up when C's pods are gone
 *                       surge >= replicas: bring T up whole beside C, then flip
 *                       otherwise: exchange pods, sharing the Service from T's first ready pod until T is complete;
 *                       an exchange that has begun is carried through as one, also when the surge is widened
 *
 * What must stay true, whatever is observed:
 *   - the Service is never moved to a revision that has no available pod while another one serves;
 *   - while the Service is shared, no third revision has pods that it would reach;
 *   - available pods in service >= replicas - unavailable, so far as the pods themselves allow;
 *   - desired pods of C and T together <= replicas + surge while they share.
 */
import type { PreviousStatus, RejectedStatus, RolloutStatus } from "../../api/model.ts";
import type { Selector } from "../../api/names.ts";
import { timestamp } from "../../api/conditions.ts";
import { deadline, progressOf, untried } from "./progress.ts";
import { rejection } from "./rejection.ts";
import type { RolloutInputs } from "./rollout-inputs.ts";
import {
  earliest,
  firstReplicas,
  isBetterThan,
  isThirdInTheWay,
  isWarm,
  occupies,
  sharingPartner,
} from "./situation.ts";
import { stayingWithReady } from "./staying.ts";
import { warmPrevious } from "./warm.ts";

export interface RolloutDecision {
  readonly current: string | undefined;
  readonly selector: Selector;
  /** Pods per revision. A revision that is not named here is deleted. */
  readonly replicas: ReadonlyMap<string, number>;
  /** Revisions whose pods are told that they are out of service. */
  readonly outOfService: ReadonlySet<string>;
  readonly previous: PreviousStatus | undefined;
  readonly progress: RolloutStatus | undefined;
  readonly rejected: RejectedStatus | undefined;
  /** When to look again though nothing changes, in milliseconds since the epoch. */
  readonly wakeAt: number | undefined;
  readonly step: RolloutStep;
}

export type RolloutStep =
  | "Starting" // nothing serves yet
  | "Steady" // the target serves
  | "Rejected" // the target failed; whatever served before serves on
  | "Surging" // the target comes up whole beside the current one
  | "Exchanging" // both share the traffic
  | "Recreating" // the current one is stopped before the target starts
  | "Settling" // an earlier exchange is undone before the next change begins
  | "Flipped" // the target has just become the current one
  | "Paused"; // nothing is done

export function decideRollout(inputs: RolloutInputs): RolloutDecision {
  const decision = decide(inputs);
  if (inputs.limits.replicas > 0) return stayingWithReady(inputs, decision);
  return { ...decision, progress: untried(inputs, decision.current) };
}

function decide(inputs: RolloutInputs): RolloutDecision {
  const rejected = inputs.rejected ?? rejection(inputs);
  const asked = { ...inputs, rejected };
  if (inputs.current === undefined) return start(asked);
  if (inputs.current === inputs.target.revision) return steady(asked, inputs.current);
  // Before 0 replicas: a scaler that goes to 0 and back must not put what failed in the place of what served.
  if (rejected !== undefined) return hold(asked, inputs.current, rejected);
  if (inputs.limits.replicas === 0) return flip(asked, undefined);
  if (inputs.strategy === "Recreate") return recreate(asked, inputs.current);
  if (isWarm(asked) || isBetterThan(asked, inputs.current)) return flip(asked, inputs.current);
  if (isThirdInTheWay(asked, inputs.current)) return settle(asked, inputs.current);
  const whole = inputs.limits.surge >= inputs.limits.replicas && !inputs.shared;
  return whole ? surge(asked, inputs.current) : exchange(asked, inputs.current);
}

/** Nothing serves yet: the Service may select the target at once, as there is no traffic to lose. */
function start(inputs: RolloutInputs): RolloutDecision {
  const { target, limits, rejected } = inputs;
  const fleet = inputs.fleets.get(target.revision);
  const settled = inputs.resolved || limits.replicas === 0;
  if (rejected === undefined && settled && (fleet?.available ?? 0) >= limits.replicas) return flip(inputs, undefined);
  return {
    current: undefined,
    selector: { kind: "exact", revision: target.revision },
    replicas: new Map([
      [target.revision, rejected === undefined ? alone(inputs, target.revision, firstReplicas(inputs)) : 0],
    ]),
    outOfService: new Set(),
    previous: undefined,
    progress: rejected === undefined ? progressOf(inputs) : undefined,
    rejected,
    wakeAt: earliest(fleet?.nextAvailableAt, rejected === undefined ? deadline(inputs) : undefined),
    step: rejected === undefined ? "Starting" : "Rejected",
  };
}

function steady(inputs: RolloutInputs, current: string): RolloutDecision {
  const held = inputs.rejected !== undefined;
  const decision = serving(inputs, current, {
    step: held ? "Rejected" : "Steady",
    currentReplicas: held ? 0 : alone(inputs, current, firstReplicas(inputs)),
  });
  const short = !held && (inputs.fleets.get(current)?.ready ?? 0) < inputs.limits.replicas;
  if (!short) return decision;
  // Replicas that are on their way, after a scaler's write or a lost pod, have the same deadline as a change.
  return { ...decision, progress: progressOf(inputs), wakeAt: earliest(decision.wakeAt, deadline(inputs)) };
}

/** The target failed: the current revision is at full size and the target has no pods, but its Deployment is shown. */
function hold(inputs: RolloutInputs, current: string, rejected: RejectedStatus): RolloutDecision {
  const currentReplicas = alone(inputs, current, inputs.limits.replicas);
  const decision = serving({ ...inputs, rejected }, current, { step: "Rejected", currentReplicas });
  const leaving = decision.replicas.has(rejected.revision);
  return leaving ? decision : { ...decision, replicas: new Map([...decision.replicas, [rejected.revision, 0]]) };
}

/**
 * The current revision serves at full size and alone. Coming out of a shared Service, the other revision's pods go on
 * helping until the current one is complete, within the same bounds as on the way there: going back must not halve
 * the capacity, nor need room that is not there.
 */
function serving(
  inputs: RolloutInputs,
  current: string,
  options: { readonly step: RolloutStep; readonly currentReplicas?: number },
): RolloutDecision {
  const { limits, now } = inputs;
  const wanted = options.currentReplicas ?? limits.replicas;
  const fleet = inputs.fleets.get(current);
  const desired = fleet?.desired ?? 0;
  const partner = inputs.shared ? sharingPartner(inputs, current) : undefined;
  // A pod that an earlier pass gave up may still be there, and is not to be counted on.
  const ready = Math.min(fleet?.ready ?? 0, desired);
  const partnerReady = Math.min(partner?.ready ?? 0, partner?.desired ?? 0);
  const floor = limits.replicas - limits.unavailable;
  if (partner !== undefined && ready < floor) {
    const partnerReplicas = Math.max(0, partnerReady - Math.max(0, ready + partnerReady - floor));
    const room = limits.replicas + limits.surge - partnerReplicas;
    return {
      current,
      selector: { kind: "shared" },
      replicas: new Map([
        [current, Math.min(wanted, Math.max(desired, room))],
        [partner.revision, partnerReplicas],
      ]),
      outOfService: new Set(),
      previous: undefined,
      progress: undefined,
      rejected: inputs.rejected,
      wakeAt: undefined,
      step: options.step,
    };
  }
  const left: PreviousStatus | undefined =
    partner === undefined || partner.revision === inputs.rejected?.revision
      ? inputs.previous
      : { revision: partner.revision, version: partner.version, since: timestamp(now) };
  const warm = warmPrevious(inputs, current, left);
  return {
    current,
    selector: { kind: "exact", revision: current },
    replicas: new Map([[current, wanted], ...warm.replicas]),
    outOfService: new Set(warm.previous === undefined ? [] : [warm.previous.revision]),
    previous: warm.previous,
    progress: undefined,
    rejected: inputs.rejected,
    wakeAt: earliest(warm.expiresAt),
    step: options.step,
  };
}

/** The whole target beside the current revision, then one flip. Needs room for twice the pods, and loses nothing. */
function surge(inputs: RolloutInputs, current: string): RolloutDecision {
  const { target, limits } = inputs;
  const fleet = inputs.fleets.get(target.revision);
  if (inputs.resolved && (fleet?.available ?? 0) >= limits.replicas) return flip(inputs, current);
  const base = serving(withoutWarm(inputs), current, { step: "Surging" });
  return {
    ...base,
    replicas: new Map([...base.replicas, [target.revision, firstReplicas(inputs)]]),
    progress: progressOf(inputs),
    wakeAt: earliest(base.wakeAt, deadline(inputs), fleet?.nextAvailableAt),
  };
}

/**
 * Pod by pod, as a Deployment rolls (kubernetes pkg/controller/deployment/rolling.go), with floor = replicas -
 * unavailable:
 *   current' = current - min(unready of current, current + available of target - floor) - (available of both - floor)
 *   target'  = min(replicas, replicas + surge - current')
 * Pods that are not ready carry nothing and go first, but no faster than the target replaces them. Where more are
 * wanted than both have, after a scaler's write or a loss, the current one is raised again so far as there is room:
 * it is the one that is known to work.
 */
function exchange(inputs: RolloutInputs, current: string): RolloutDecision {
  const { target, limits } = inputs;
  const incoming = inputs.fleets.get(target.revision);
  const outgoing = inputs.fleets.get(current);
  const arrived = incoming?.available ?? 0;
  if (inputs.resolved && arrived >= limits.replicas) return flip(inputs, current);

  const floor = limits.replicas - limits.unavailable;
  const desired = outgoing?.desired ?? 0;
  const ready = Math.min(outgoing?.ready ?? 0, desired);
  const unready = Math.min(desired - ready, Math.max(0, desired + arrived - floor));
  const spare = Math.max(0, ready + arrived - floor);
  const most = limits.replicas + limits.surge;
  const missing = Math.min(floor - arrived, most - (incoming?.desired ?? 0));
  const currentReplicas = Math.max(0, desired - unready - spare, missing);
  const room = most - currentReplicas;
  const targetReplicas = Math.max(incoming?.desired ?? 0, Math.min(firstReplicas(inputs), room));
  const share = arrived > 0;
  return {
    current,
    selector: share ? { kind: "shared" } : { kind: "exact", revision: current },
    replicas: new Map([
      [current, currentReplicas],
      [target.revision, Math.min(targetReplicas, limits.replicas)],
    ]),
    outOfService: new Set(),
    previous: undefined,
    progress: progressOf(inputs),
    rejected: undefined,
    wakeAt: earliest(deadline(inputs), incoming?.nextAvailableAt),
    step: "Exchanging",
  };
}

/** For models that cannot run twice: the current pods go first, down to the last one, then the target comes up. */
function recreate(inputs: RolloutInputs, current: string): RolloutDecision {
  const { target, limits } = inputs;
  const incoming = inputs.fleets.get(target.revision);
  if (inputs.resolved && (incoming?.available ?? 0) >= limits.replicas) return flip(inputs, undefined);
  const cleared = !occupies(inputs.fleets.get(current));
  return {
    current,
    selector: { kind: "exact", revision: cleared ? target.revision : current },
    replicas: new Map([
      [current, 0],
      [target.revision, alone(inputs, target.revision, firstReplicas(inputs))],
    ]),
    outOfService: new Set(),
    previous: undefined,
    progress: progressOf(inputs),
    rejected: undefined,
    wakeAt: earliest(deadline(inputs), incoming?.nextAvailableAt),
    step: "Recreating",
  };
}

/** With Recreate no revision gets more pods than it has while another one, whichever, still has some. */
function alone(inputs: RolloutInputs, revision: string, wanted: number): number {
  const others = [...inputs.fleets.values()].filter((fleet) => fleet.revision !== revision);
  if (inputs.strategy !== "Recreate" || !others.some(occupies)) return wanted;
  return Math.min(wanted, inputs.fleets.get(revision)?.desired ?? 0);
}

/** A shared Service would reach a third revision's pods: the current one serves alone again before the next begins. */
function settle(inputs: RolloutInputs, current: string): RolloutDecision {
  const decision = serving(withoutWarm(inputs), current, { step: "Settling" });
  return { ...decision, progress: progressOf(inputs), wakeAt: earliest(decision.wakeAt, deadline(inputs)) };
}

function withoutWarm(inputs: RolloutInputs): RolloutInputs {
  return { ...inputs, limits: { ...inputs.limits, keepPreviousMs: 0 } };
}

/** The target serves from now on. `from` is kept warm where there is one. */
function flip(inputs: RolloutInputs, from: string | undefined): RolloutDecision {
  const { target, now } = inputs;
  const left = from === undefined ? undefined : inputs.fleets.get(from);
  const previous: PreviousStatus | undefined =
    left === undefined ? undefined : { revision: left.revision, version: left.version, since: timestamp(now) };
  const decision = serving({ ...inputs, shared: false, previous, rejected: undefined }, target.revision, {
    step: "Flipped",
    currentReplicas: firstReplicas(inputs),
  });
  return decision;
}
