import type { JsonObject } from "../../api/json.ts";
import { isJsonObject } from "../../api/json.ts";
import { childAnnotations } from "../../api/names.ts";
import { phases, type Write } from "../children/children.ts";
import type { Observed } from "../observed.ts";
import type { RolloutDecision, RolloutStep } from "../rollout/rollout.ts";
import { whyOf } from "./why.ts";

/** Bounds of status.plan in the CRD. */
const longestPlan = 64;
const longestLine = 1024;

/** What a pass is for, and then each of its writes with its own reason, in the order of doing: for status.plan. */
export function explain(
  observed: Observed,
  decision: RolloutDecision,
  target: { readonly version: string },
  writes: readonly Write[],
): string[] {
  const reason = reasons[decision.step](target.version, observed.model.status?.currentVersion ?? "nothing", decision);
  const inOrder = phases.flatMap((phase) => writes.filter((write) => write.phase === phase));
  const lines = [reason, ...inOrder.map((write) => describeWrite(write, whyOf(write, observed)))];
  const more = lines.length > longestPlan ? [`and ${lines.length - longestPlan + 1} more writes`] : [];
  return [...lines.slice(0, longestPlan - more.length), ...more].map((text) => text.slice(0, longestLine));
}

const reasons: Readonly<Record<RolloutStep, (target: string, current: string, decision: RolloutDecision) => string>> = {
  Starting: (target) => `nothing serves yet: ${target} is brought up`,
  Steady: (target) => `${target} serves`,
  Rejected: (target, current, { rejected }) => `${target} is given up (${rejected?.reason}), and ${current} serves on`,
  Surging: (target, current) => `${target} comes up whole beside ${current}; then the Service turns to it`,
  Exchanging: (target, current) => `${current} and ${target} share the Service while their pods are exchanged`,
  Recreating: (target, current) => `${current} is stopped, and then ${target} is brought up`,
  Settling: (target, current) => `${current} serves alone again before ${target} is begun`,
  Flipped: (target) => `the Service turns to ${target}`,
  Paused: () => "paused",
};

/** The reason comes before the fields, which may be long enough to be cut. */
function describeWrite(write: Write, why: string): string {
  const object = `${write.kind.kind}/${write.name}`;
  switch (write.verb) {
    case "create":
      return `create ${object}: ${why}`;
    case "delete":
      return `delete ${object}: ${why}`;
    case "patch":
      return `change ${object}: ${why} (${leaves(write.body, "").join(", ")})`;
  }
}

/** The changed fields; the operator's own bookkeeping is not worth a reader's time. */
function leaves(patch: JsonObject, path: string): string[] {
  return Object.entries(patch).flatMap(([key, value]) => {
    const at = path === "" ? key : `${path}.${key}`;
    if (isJsonObject(value)) return leaves(value, at);
    return key === childAnnotations.applied ? [] : [`${at} = ${JSON.stringify(value)}`];
  });
}
