import type { PreviousStatus, RejectedStatus, RolloutStatus } from "../../api/model.ts";
import type { Fleet } from "../pods/fleet.ts";
import type { Limits } from "./limits.ts";

/** What the next step of a rollout follows from. */
export interface RolloutInputs {
  readonly now: number;
  readonly limits: Limits;
  readonly target: { readonly revision: string; readonly version: string };
  /** False until the target's digest is known: then it starts with one pod, which finds it out. */
  readonly resolved: boolean;
  /** A pod has once found out the target's digest, so the source was right at that time. */
  readonly fetchedBefore: boolean;
  readonly current: string | undefined;
  readonly previous: PreviousStatus | undefined;
  readonly progress: RolloutStatus | undefined;
  /** Why the target is not tried any more; already dropped when the spec or the retry token has changed. */
  readonly rejected: RejectedStatus | undefined;
  readonly retryToken: string | undefined;
  readonly fleets: ReadonlyMap<string, Fleet>;
  readonly strategy: "Rolling" | "Recreate";
  /** The one revision that the Service selects at the moment. */
  readonly selected: string | undefined;
  /** The Service selects the whole model at the moment. */
  readonly shared: boolean;
}
