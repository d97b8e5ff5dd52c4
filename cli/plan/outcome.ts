import type { Json, JsonObject } from "../../operator/api/json.ts";
import { apiVersion } from "../../operator/api/kinds.ts";
import type { Write } from "../../operator/plan/children/children.ts";
import { whyOf } from "../../operator/plan/status/why.ts";
import { observe } from "./cluster.ts";
import type { Rehearsal, Step } from "./rehearsal.ts";

/** All that there is to say about one model. */
export interface Outcome {
  readonly name: string;
  readonly namespace: string;
  readonly version: string;
  readonly revision: string;
  readonly revisionReason: string;
  readonly rehearsal: Rehearsal;
  /** The operator would do nothing of this, as spec.paused is true. */
  readonly isPaused: boolean;
  /** What was left to the API server. */
  readonly unjudged: readonly string[];
}

/** For programs: what would be written now, and then, step by step. */
export function outcomeJson(outcome: Outcome): JsonObject {
  const { name, namespace, version, revision, revisionReason, isPaused, rehearsal, unjudged } = outcome;
  return {
    name,
    namespace,
    version,
    revision,
    revisionReason,
    isPaused,
    steps: rehearsal.steps.map(stepJson),
    isComplete: rehearsal.isComplete,
    leftToTheApiServer: unjudged,
  };
}

/** Whether it all ends in a model that is as its spec says. */
export function endsWell({ rehearsal }: Outcome): boolean {
  const ready = rehearsal.end.model.status?.conditions?.find(({ type }) => type === "Ready");
  return !rehearsal.isComplete || ready?.status === "True";
}

function stepJson({ when, why, before, writes, announcements, status }: Step): JsonObject {
  const observed = observe(before);
  return {
    when: typeof when === "string" ? when : { afterSeconds: when.afterSeconds },
    why,
    writes: writes.map((write) => ({
      phase: write.phase,
      verb: write.verb,
      kind: write.kind.kind,
      name: write.name,
      why: whyOf(write, observed),
      ...(write.verb === "delete" ? {} : { body: write.body }),
    })),
    events: announcements.map(({ type, reason, message }) => ({ type, reason, message })),
    conditions: (status.conditions ?? []).map(({ type, status: holds, reason, message }) => ({
      type,
      status: holds,
      reason,
      message,
    })),
  };
}

/** The objects of the first pass, as they would be sent: whole ones to create, merge patches for those that exist. */
export function objectsOf({ rehearsal, namespace }: Outcome): { readonly comment: string; readonly object: Json }[] {
  const [first] = rehearsal.steps;
  if (first === undefined || first.when !== "now") return [];
  const observed = observe(first.before);
  return first.writes.map((write) => ({
    comment: `${write.verb} ${write.kind.kind} ${write.name}: ${whyOf(write, observed)}`,
    object: objectOf(write, namespace),
  }));
}

function objectOf(write: Write, namespace: string): Json {
  const head = { apiVersion: apiVersion(write.kind), kind: write.kind.kind };
  const identity = { ...head, metadata: { name: write.name, namespace } };
  if (write.verb === "delete") return identity;
  if (write.verb === "create") return write.body;
  const { metadata, ...rest } = write.body;
  return { ...head, metadata: { ...identity.metadata, ...(metadata as JsonObject | undefined) }, ...rest };
}
