/** From what a child should be and what it is to the write that makes it so, if any. */
import type { Json, JsonObject } from "../../api/json.ts";
import { isJsonObject, stringsAt } from "../../api/json.ts";
import type { Kind } from "../../api/kinds.ts";
import type { Drift } from "../../api/model.ts";
import { childAnnotations } from "../../api/names.ts";
import { type ContestDecision, decideContest } from "./contest.ts";
import { type Difference, differenceOf } from "./difference.ts";
import type { ObservedChild } from "../observed.ts";
import { canonicalJson, hashOfText } from "../revision/revision.ts";
import { type Intent, isSettled, settledOf, withoutNews } from "./settled.ts";

/**
 * In this order, each as a whole before the next: what the new traffic needs, then the traffic, then what the old
 * traffic no longer needs. Writes of one phase are independent of each other.
 */
export const phases = ["prepare", "route", "release"] as const;
export type Phase = (typeof phases)[number];

export type Write =
  | {
      readonly phase: Phase;
      readonly verb: "create";
      readonly kind: Kind;
      readonly name: string;
      readonly body: JsonObject;
      /** Undefined where nobody compares what comes of it: of what cannot be changed, or a pod's mark. */
      readonly intent?: Intent;
    }
  | {
      readonly phase: Phase;
      readonly verb: "patch";
      readonly kind: Kind;
      readonly name: string;
      readonly uid: string;
      readonly body: JsonObject;
      readonly intent?: Intent;
    }
  | {
      readonly phase: Phase;
      readonly verb: "delete";
      readonly kind: Kind;
      readonly name: string;
      readonly uid: string;
    };

export interface ChildPlan {
  readonly write: Write | undefined;
  /** Fields that somebody else changed, whether they are put back now or later. */
  readonly contests: readonly ContestDecision[];
}

export interface ChildInputs {
  readonly kind: Kind;
  readonly phase: Phase;
  /** Manifest as built: with metadata.name, and without our bookkeeping annotation. */
  readonly desired: object;
  readonly observed: ObservedChild | undefined;
  /** Paths of maps that are wholly ours. */
  readonly exact?: readonly string[];
  /** Paths of lists that are wholly ours, down to the last field. */
  readonly whole?: readonly string[];
  /** Paths of fields to take away where they are found. */
  readonly absent?: readonly string[];
  /** Paths below which a field that somebody else added is taken away. */
  readonly ours?: readonly string[];
  /** The API server lets nobody change it, so it is only ever made. */
  readonly fixed?: true;
  readonly drift: readonly Drift[];
  readonly now: number;
}

/**
 * A child that is missing is created. One whose `applied` annotation names another plan is brought up to date. In one
 * that carries our plan and differs all the same, somebody else has changed a field, or else the API server makes
 * something else of it, which the answer to the write tells (settled.ts). A changed field is put back, unless that has
 * happened too often of late. A quarrel about one field leaves the others under our care.
 */
export function planChild(inputs: ChildInputs): ChildPlan {
  const { kind, phase, observed } = inputs;
  const desired = stamped(inputs.desired);
  const name = nameOf(desired);
  const { exact = [], whole = [], absent = [], ours = [] } = inputs;
  const options = { exact, whole, absent, ours };
  if (observed === undefined) {
    const judged: { intent?: Intent } =
      inputs.fixed === true ? {} : { intent: { desired, options, written: undefined } };
    // Nothing refers to what is not there, so it need not wait for its phase.
    return { write: { phase: "prepare", verb: "create", kind, name, body: desired, ...judged }, contests: [] };
  }
  if (observed.deleting) return unchanged;
  const compare = (except: readonly string[]): Difference | undefined =>
    differenceOf(desired, observed.object, { ...options, foreign: observed.foreign, except });
  const difference = compare([]);
  const settled = settledOf(observed);
  const note = withoutNews(settled, difference?.fields ?? []);
  if (difference === undefined && note === undefined) return unchanged;
  const fields = difference?.fields ?? [];
  const asMade = fields.filter((field) => isSettled(field, settled)).map(({ path }) => path);
  const found = appliedHash(observed.object);
  const planned = found !== undefined && found !== appliedHash(desired);
  const contests = planned
    ? []
    : fields
        .filter(({ path }) => !asMade.includes(path))
        .map(({ path }) => decideContest(`${kind.kind}/${name}`, path, observed.rival, inputs.drift, inputs.now));
  const except = [...asMade, ...contests.flatMap(({ correct, drift }) => (correct ? [] : [drift.field]))];
  const rest = except.length === 0 ? difference : compare(except);
  if (rest === undefined && note === undefined) return { write: undefined, contests };
  const intent: Intent = { desired, options, written: rest?.fields ?? [] };
  const body = noted(rest?.patch ?? {}, note);
  return { write: { phase, verb: "patch", kind, name, uid: observed.uid, body, intent }, contests };
}

/** A patch that brings the note up to date as well. */
function noted(patch: JsonObject, note: string | null | undefined): JsonObject {
  if (note === undefined) return patch;
  const metadata = isJsonObject(patch["metadata"]) ? patch["metadata"] : {};
  const annotations = isJsonObject(metadata["annotations"]) ? metadata["annotations"] : {};
  return {
    ...patch,
    metadata: { ...metadata, annotations: { ...annotations, [childAnnotations.settled]: note } },
  };
}

const unchanged: ChildPlan = { write: undefined, contests: [] };

/**
 * The manifest with the hash of itself, by which the next pass tells its own writes from those of others. Its keys are
 * sorted, and must be: the API server compares the bytes of a ControllerRevision's data. A patch of whatever field,
 * such as the garbage collector's when a model is deleted with `--cascade=orphan`, writes them anew with their keys
 * sorted, and is refused when they were not sorted before.
 */
function stamped(manifest: object): JsonObject {
  const text = canonicalJson(manifest);
  const json = JSON.parse(text) as JsonObject;
  const metadata = json["metadata"] as JsonObject;
  const annotations: Record<string, Json> = {
    ...stringsAt(metadata, "annotations"),
    [childAnnotations.applied]: hashOfText(text).slice(0, appliedHashLength),
  };
  return { ...json, metadata: { ...metadata, annotations } };
}

/** Long enough that two plans for one object do not meet by chance. */
const appliedHashLength = 16;

function appliedHash(object: JsonObject): string | undefined {
  return stringsAt(object, "metadata", "annotations")[childAnnotations.applied];
}

function nameOf(manifest: JsonObject): string {
  return stringsAt(manifest, "metadata")["name"] ?? "";
}
