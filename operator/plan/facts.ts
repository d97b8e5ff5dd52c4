import type { Drift, Status } from "../api/model.ts";
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
export interface Facts extends StatusInputs {
  readonly ready: number;
  readonly selected: number;
  readonly failure: Failure | undefined;
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
