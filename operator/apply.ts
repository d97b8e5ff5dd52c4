import { adopt } from "./adopt.ts";
import { apiVersion, kinds } from "./api/kinds.ts";
import type { Model, Status } from "./api/model.ts";
import { childAnnotations, fieldManager } from "./api/names.ts";
import { readable } from "./api/text.ts";
import { ApiError, classify, isAlreadyExists, isConflict, isNotFound } from "./kube/transport/errors.ts";
import type { EventRecorder } from "./kube/events.ts";
import { keyOf, type KubeObject } from "./kube/transport/resources.ts";
import { phases, type Write } from "./plan/children/children.ts";
import type { Outcome, Plan } from "./plan/plan.ts";
import { hashOf } from "./plan/revision/revision.ts";
import type { Problem } from "./plan/status/facts.ts";
import { afterWrite } from "./plan/children/settled.ts";
import { answered } from "./projections.ts";
import { send, type SendInputs } from "./send.ts";

export interface ApplyInputs extends SendInputs {
  readonly events: EventRecorder;
}

/**
 * Writes a plan: phase by phase, the writes of a phase side by side, status last. A write that only a person can make
 * possible becomes a problem in the status. One that the API server failed to do is told there, too, and ends the pass
 * after it; any other failure ends the pass at once. The next one goes on from what is then observed. Traffic is moved
 * only when what it needs is there, and nothing is released before it has moved; a problem with anything else (a
 * budget, a mark on a pod) is told and holds nothing up. Whatever a pass has written, it leaves a status.
 */
export async function apply(model: Model, plan: Plan, inputs: ApplyInputs): Promise<readonly Problem[]> {
  const problems: Problem[] = [];
  const unchanged: UnchangedField[] = [];
  let moved = true;
  let failure: unknown;
  for (const phase of phases) {
    if (!moved || failure !== undefined) break;
    const writes = plan.writes.filter((write) => write.phase === phase);
    const outcomes = await Promise.allSettled(writes.map((write) => perform(model, write, inputs)));
    for (const [index, outcome] of outcomes.entries()) {
      const {
        problem,
        note,
        unchanged: fields = [],
      } = outcome.status === "fulfilled" ? outcome.value : { problem: failed(writes[index], outcome.reason) };
      if (outcome.status === "rejected") failure ??= outcome.reason;
      unchanged.push(...fields);
      if (note !== undefined) problems.push(note);
      if (problem === undefined) continue;
      problems.push(problem);
      if (phase !== "release" && carriesTraffic(problem)) moved = false;
    }
  }
  const outcome: Outcome = { problems, moved, unchanged };
  const status = plan.status(outcome);
  const told = await writeStatus(model, status, inputs);
  const { namespace, name, uid } = model.metadata;
  const subject = { apiVersion: apiVersion(kinds.model), kind: kinds.model.kind, namespace, name, uid };
  // What was not done, or is not yet put down in the status, is planned and told again by the next pass.
  if (told && moved)
    for (const announcement of plan.announcements(outcome, status)) inputs.events.record(subject, announcement);
  for (const { reason, message } of problems) inputs.events.record(subject, { type: "Warning", reason, message });
  if (failure !== undefined) throw failure;
  return problems;
}

function carriesTraffic({ object }: Problem): boolean {
  return [kinds.deployment, kinds.service].some(({ kind }) => object.startsWith(`${kind}/`));
}

type UnchangedField = Outcome["unchanged"][number];

interface Effect {
  readonly problem?: Problem | undefined;
  /** What was written was not noted, which holds nothing up. */
  readonly note?: Problem | undefined;
  readonly unchanged?: readonly UnchangedField[];
}

async function perform(model: Model, write: Write, inputs: ApplyInputs): Promise<Effect> {
  try {
    const answer = await send(model, write, inputs);
    return answer === undefined || write.verb === "delete" ? {} : await settle(model, write, answer, inputs);
  } catch (error) {
    if (write.verb === "create" && isAlreadyExists(error)) return { problem: await adopt(model, write, inputs) };
    // Somebody deleted it, or another one stands under its name: the watch will tell, and the next pass decides.
    if (write.verb === "patch" && (isNotFound(error) || isUidMismatch(error))) return {};
    if (isRefusal(error)) return { problem: refused(write, error) };
    throw error;
  }
}

/** Notes on the child what the API server made of the write, where that is not what was written. */
async function settle(
  model: Model,
  write: Exclude<Write, { verb: "delete" }>,
  answer: KubeObject,
  inputs: ApplyInputs,
): Promise<Effect> {
  if (write.intent === undefined) return {};
  const { note, unchanged } = afterWrite(write.intent, answered(answer));
  const object = `${write.kind.kind}/${write.name}`;
  const told = unchanged.map((field) => ({ object, field }));
  if (note !== undefined) {
    const body = { metadata: { annotations: { [childAnnotations.settled]: note } } };
    const { kind, name, phase } = write;
    try {
      await send(model, { phase, verb: "patch", kind, name, uid: answer.metadata.uid, body }, inputs);
    } catch (error) {
      // What became of the child since, the watch tells, and what else is wrong shows itself with the status; the note of
      // what is still so is written by the next pass.
      if (!isRefusal(error) || isNotFound(error) || isUidMismatch(error)) return { unchanged: told };
      return { unchanged: told, note: refusedNote(object, error) };
    }
  }
  return { unchanged: told };
}

function refusedNote(object: string, error: ApiError): Problem {
  const message = `the API server makes something else of ${object} than was written, and refused to have that noted (annotation ${childAnnotations.settled}): ${error.message}`;
  return { object, reason: "Refused", message: readable(message) };
}

/**
 * An answer about what was asked for (a rule, a quota, an admission webhook, whose denial comes as 400 when it names
 * no code): asking again changes nothing until somebody acts.
 */
function isRefusal(error: unknown): error is ApiError {
  return error instanceof ApiError && classify(error).kind === "stall";
}

function refused(write: Write, error: ApiError): Problem {
  const object = `${write.kind.kind}/${write.name}`;
  const message = `the API server refused to ${write.verb} ${object}: ${error.message}`;
  return { object, reason: "Refused", message: readable(message) };
}

/**
 * An internal error of the API server: an admission webhook that is away, most often, and it can stay away for days.
 * Throws what is no answer about this write (the network, a busy server, a cache that is behind): that passes by itself.
 */
function failed(write: Write | undefined, error: unknown): Problem {
  if (write === undefined || !(error instanceof ApiError) || error.status !== internalError) throw error;
  const object = `${write.kind.kind}/${write.name}`;
  const message = `the API server failed to ${write.verb} ${object}, which is tried again: ${error.message}`;
  return { object, reason: "WriteFailed", message: readable(message) };
}

const internalError = 500;

/** The API server takes the uid in a merge patch for an edit of it: 422, and nothing is written. */
function isUidMismatch(error: unknown): boolean {
  return (
    error instanceof ApiError && error.status === 422 && error.causes.some(({ field }) => field === "metadata.uid")
  );
}

/**
 * Server-side apply: the status is wholly ours, so a field that is left out is taken away. The resourceVersion is the
 * precondition, as the API server ignores a uid here: the status of a deleted model must not be given to the next one
 * of its name. False: the model was edited, deleted or made anew meanwhile, of which the watch tells.
 */
async function writeStatus(model: Model, status: Status, inputs: ApplyInputs): Promise<boolean> {
  if (model.status !== undefined && hashOf(model.status) === hashOf(status)) return true;
  const { client, staleness, signal } = inputs;
  const { name, namespace, resourceVersion } = model.metadata;
  const body = {
    apiVersion: apiVersion(kinds.model),
    kind: kinds.model.kind,
    metadata: { name, namespace, resourceVersion },
    status,
  };
  try {
    const written = await client.patch<KubeObject>(kinds.model, namespace, name, body, {
      type: "apply",
      subresource: "status",
      fieldManager,
      force: true,
      signal,
    });
    staleness.wrote(keyOf(namespace, name), kinds.model, written);
    return true;
  } catch (error) {
    if (isNotFound(error) || isConflict(error)) return false;
    throw error;
  }
}
