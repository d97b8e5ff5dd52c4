import type { Stage } from "../../../server/contract.ts";
import type { Fleet } from "./fleet.ts";
import { isFetching } from "../rollout/progress.ts";

/** How far pods have come that do not get on, though nothing is known to be wrong with them. */
export interface Standstill {
  readonly stage: Stage;
  /** Undefined where there is no such pod. */
  readonly message: string | undefined;
}

/** Of several pods the first by name speaks, so that it is the same one in every pass. */
export function standstillOf(fleet: Fleet | undefined): Standstill {
  const unready = (fleet?.pods ?? []).filter(({ ready }) => !ready);
  const pod = unready.toSorted((left, right) => (left.name < right.name ? -1 : 1))[0];
  if (pod === undefined) return { stage: "Schedule", message: undefined };
  const { name } = pod;
  if (pod.server.state === "running") {
    const message = `pod ${name} has the model and does not become ready: \`kubectl logs ${name} -c server\` says why`;
    return { stage: "Load", message };
  }
  if (isFetching(pod)) return { stage: "Download", message: `pod ${name} still fetches the model` };
  // Such as a volume that cannot be mounted, which only an Event tells.
  const message = `the containers of pod ${name} do not start: \`kubectl describe pod ${name}\` says why`;
  return { stage: "Schedule", message };
}
