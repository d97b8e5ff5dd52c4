import type { RejectedStatus } from "../api/model.ts";
import type { Failure } from "./failures.ts";
import { deadline } from "./progress.ts";
import type { RolloutInputs } from "./rollout-inputs.ts";

/**
 * A target is given up when it failed for good and has nothing ready, or when it has made no progress for the
 * deadline while something else serves. With nothing else to serve, trying on is all that is left. One that serves
 * already is given up only when every pod of it failed for good: the others may be back in a moment.
 */
export function rejection(inputs: RolloutInputs): RejectedStatus | undefined {
  const fleet = inputs.fleets.get(inputs.target.revision);
  const serves = inputs.current === inputs.target.revision;
  if (fleet?.failure?.permanent === true && fleet.ready === 0 && (!serves || fleet.hopeless)) {
    return rejectedFor(inputs, fleet.failure);
  }
  const replaces = inputs.current !== undefined && inputs.current !== inputs.target.revision;
  if (!replaces || inputs.now < deadline(inputs)) return undefined;
  const waited = `no progress for ${inputs.limits.progressDeadlineMs / 1000} s (spec.rollout.progressDeadlineSeconds)`;
  const failure = fleet?.failure;
  return rejectedFor(inputs, {
    stage: failure?.stage ?? "Schedule",
    reason: "ProgressDeadlineExceeded",
    message: failure === undefined ? waited : `${waited}: ${failure.reason}: ${failure.message}`,
  });
}

function rejectedFor(inputs: RolloutInputs, failure: Pick<Failure, "stage" | "reason" | "message">): RejectedStatus {
  return {
    revision: inputs.target.revision,
    stage: failure.stage,
    reason: failure.reason,
    message: failure.message,
    ...(inputs.retryToken === undefined ? {} : { retryToken: inputs.retryToken }),
  };
}
