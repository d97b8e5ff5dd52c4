import type { Drift, Status } from "../../api/model.ts";
import { countedPods } from "../pods/counted-pods.ts";
import type { Failure } from "../pods/failures.ts";
import { type Fleet, selectedPods } from "../pods/fleet.ts";
import type { Limits } from "../rollout/limits.ts";
import type { Observed } from "../observed.ts";
import { patienceMs } from "../rollout/progress.ts";
import type { RolloutDecision } from "../rollout/rollout.ts";
import { type LeavingPod, leavingPod } from "../pods/terminating.ts";

/** What a person has to know of: a spec that cannot work, a write that the API server refused or failed to do. */
export interface Problem {
  /** Kind and name of the object, or the field of the spec. */
  readonly object: string;
  readonly reason: ProblemReason;
  readonly message: string;
}

export type ProblemReason =
  | "NameTaken"
  | "Refused"
  | "WriteFailed"
  | "ScalingWithoutRequest"
  | "SecondAutoscaler"
  | "PodTemplateConflict"
  | "ResourcesConflict";

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
  /** Writes that a paused model waits with. */
  readonly waiting?: number;
}

/** Everything that the findings are made from, counted once. */
export interface Facts extends StatusInputs {
  readonly ready: number;
  readonly selected: number;
  readonly failure: Failure | undefined;
  /** A pod on its way out that holds the spec up; undefined also where nothing is held up. */
  readonly leaving: LeavingPod | undefined;
  readonly overdue: boolean;
  readonly currentVersion: string | undefined;
  readonly before: Status | undefined;
}

export function factsOf(inputs: StatusInputs): Facts {
  const { observed, decision, fleets, limits, target } = inputs;
  const selected = selectedPods(observed, decision.selector);
  const progress = decision.progress;
  const current = decision.current === undefined ? undefined : fleets.get(decision.current);
  const before = observed.model.status;
  const ready = selected.filter((pod) => pod.ready).length;
  const failure = fleets.get(target.revision)?.failure ?? current?.failure;
  const isThere = decision.current === target.revision && ready >= limits.replicas;
  return {
    ...inputs,
    ready,
    selected: countedPods(selected, observed.now).length,
    failure,
    leaving: isThere ? undefined : leavingPod(observed, decision, target.revision, lacksRoom(failure)),
    overdue:
      limits.replicas > 0 &&
      progress !== undefined &&
      observed.now >= Date.parse(progress.lastProgressTime) + patienceMs({ ...inputs, current: decision.current }),
    currentVersion:
      decision.current === target.revision ? target.version : (current?.version ?? before?.currentVersion),
    before,
  };
}

function lacksRoom(failure: Failure | undefined): boolean {
  return failure?.reason === "Unschedulable" || failure?.reason === "PodsRefused";
}
