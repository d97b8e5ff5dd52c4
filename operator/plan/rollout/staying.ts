import type { RolloutDecision } from "./rollout.ts";
import type { RolloutInputs } from "./rollout-inputs.ts";

/**
 * The Service is not taken from the only pods that answer: where it selects another revision than the one that is to
 * serve (a pass that died in the middle of a flip, Recreate that became Rolling half-way) and of that one nothing is
 * ready, it stays where it is until something is, and so do its pods.
 */
export function stayingWithReady(inputs: RolloutInputs, decision: RolloutDecision): RolloutDecision {
  const { selector, replicas, outOfService } = decision;
  const { selected, fleets } = inputs;
  if (selector.kind === "shared" || selected === undefined || selected === selector.revision) return decision;
  const fleet = fleets.get(selected);
  const helps = fleet !== undefined && Math.min(fleet.ready, fleet.desired) > 0;
  if (!helps || (fleets.get(selector.revision)?.ready ?? 0) > 0 || inputs.strategy === "Recreate") return decision;
  return {
    ...decision,
    selector: { kind: "exact", revision: selected },
    replicas: new Map([...replicas, [selected, Math.max(replicas.get(selected) ?? 0, fleet.desired)]]),
    outOfService: new Set([...outOfService].filter((revision) => revision !== selected)),
  };
}
