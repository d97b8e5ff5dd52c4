import type { RejectedStatus } from "../../api/model.ts";
import type { Failure } from "../pods/failures.ts";
import type { Fleet } from "../pods/fleet.ts";
import { deadline, patienceMs, replaces } from "./progress.ts";
import type { RolloutInputs } from "./rollout-inputs.ts";
import { standstillOf } from "../pods/standstill.ts";

/**
 * A target is given up when it failed for good and has nothing ready, or when it has made no progress for the
 * deadline while something else serves. With nothing else to serve, trying on is all that is left.
 *
 *   serves          failed for good at   given up
 *   ------          ------------------   --------
 *   another one     whatever stage       at once
 *   nothing         Download             unless it was fetched before: its source may be well again tomorrow
 *   nothing         Load, Serve          at once
 *   the target      Download             only if it has never been ready or fetched before
 *   the target      Load, Serve          when every pod of it failed so: the others may be back in a moment
 */
export function rejection(inputs: RolloutInputs): RejectedStatus | undefined {
  const fleet = inputs.fleets.get(inputs.target.revision);
  if (fleet?.failure?.permanent === true && fleet.ready === 0 && isGivenUp(inputs, fleet, fleet.failure)) {
    return rejectedFor(inputs, fleet.failure);
  }
  if (!replaces(inputs) || inputs.now < deadline(inputs)) return undefined;
  const failure = fleet?.failure;
  const { stage, message } = standstillOf(fleet);
  const why = failure === undefined ? message : `${failure.reason}: ${failure.message}`;
  return rejectedFor(inputs, {
    stage: failure?.stage ?? stage,
    reason: "ProgressDeadlineExceeded",
    message: why === undefined ? waited(inputs) : `${waited(inputs)}: ${why}`,
  });
}

function isGivenUp(inputs: RolloutInputs, { hopeless }: Fleet, { stage }: Failure): boolean {
  if (replaces(inputs)) return true;
  const serves = inputs.current === inputs.target.revision;
  if (stage !== "Download") return !serves || hopeless;
  return !inputs.fetchedBefore && (!serves || (hopeless && isUntried(inputs)));
}

/** It came to be the current one at 0 replicas, and has never had a ready pod. */
function isUntried({ progress, target }: RolloutInputs): boolean {
  return progress?.revision === target.revision && progress.readyReplicas === undefined;
}

function waited(inputs: RolloutInputs): string {
  const patience = patienceMs(inputs);
  const more = patience > inputs.limits.progressDeadlineMs ? " and spec.source.timeoutSeconds" : "";
  return `no progress for ${patience / 1000} s (spec.rollout.progressDeadlineSeconds${more})`;
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
