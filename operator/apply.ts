import { apiVersion, kinds } from "./api/kinds.ts";
import { isJsonObject } from "./api/json.ts";
import type { Model, Status } from "./api/model.ts";
import { fieldManager } from "./api/names.ts";
import type { Client, Manifest } from "./kube/client.ts";
import { ApiError, isAlreadyExists, isNotFound } from "./kube/errors.ts";
import type { EventRecorder } from "./kube/events.ts";
import { keyOf, type KubeObject } from "./kube/resources.ts";
import type { Staleness } from "./kube/staleness.ts";
import { phases, type Write } from "./plan/children.ts";
import type { Plan } from "./plan/plan.ts";
import { hashOf } from "./plan/revision.ts";
import type { Problem } from "./plan/facts.ts";

export interface ApplyInputs {
  readonly client: Client;
  readonly staleness: Staleness;
  readonly events: EventRecorder;
  readonly signal: AbortSignal;
}

/**
 * Writes a plan: phase by phase, the writes of a phase side by side, status last. A write that only a person can make
 * possible becomes a problem in the status; any other failure ends the pass, and the next one goes on from what is
 * then observed.
 */
export async function apply(model: Model, plan: Plan, inputs: ApplyInputs): Promise<readonly Problem[]> {
  const problems: Problem[] = [];
  for (const phase of phases) {
    if (problems.length > 0) break;
    const writes = plan.writes.filter((write) => write.phase === phase);
    const outcomes = await Promise.allSettled(writes.map((write) => perform(model, write, inputs)));
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") throw outcome.reason;
      if (outcome.value !== undefined) problems.push(outcome.value);
    }
  }
  await writeStatus(model, plan.status(problems), inputs);
  const subject = { apiVersion: apiVersion(kinds.model), kind: kinds.model.kind, ...model.metadata };
  for (const announcement of plan.announcements) inputs.events.record(subject, announcement);
  for (const { reason, message } of problems) inputs.events.record(subject, { type: "Warning", reason, message });
  return problems;
}

async function perform(model: Model, write: Write, inputs: ApplyInputs): Promise<Problem | undefined> {
  try {
    await send(model, write, inputs);
    return undefined;
  } catch (error) {
    if (write.verb === "create" && isAlreadyExists(error)) return adopt(model, write, inputs);
    if (isRefusal(error)) return refused(write, error);
    // Somebody deleted it, or another one stands under its name: the watch will tell, and the next pass decides.
    if (write.verb === "patch" && (isNotFound(error) || isUidMismatch(error))) return undefined;
    throw error;
  }
}

async function send(model: Model, write: Write, inputs: ApplyInputs): Promise<void> {
  const { client, staleness, signal } = inputs;
  const { namespace } = model.metadata;
  const owner = keyOf(namespace, model.metadata.name);
  switch (write.verb) {
    case "create": {
      const written = await client.create<KubeObject>(write.kind, write.body as unknown as Manifest, {
        fieldManager,
        fieldValidation: "Strict", // a misspelt field of spec.podTemplate is told, not dropped
        signal,
      });
      staleness.wrote(owner, write.kind, written);
      return;
    }
    case "patch": {
      // The uid in the body is a precondition: a stranger that took the name meanwhile is not touched.
      const metadata = isJsonObject(write.body["metadata"]) ? write.body["metadata"] : {};
      const body = { ...write.body, metadata: { ...metadata, uid: write.uid } };
      const options = { type: "merge", fieldManager, signal } as const;
      const written = await client.patch<KubeObject>(write.kind, namespace, write.name, body, options);
      staleness.wrote(owner, write.kind, written);
      return;
    }
    case "delete": {
      const options = { uid: write.uid, propagationPolicy: "Background", signal } as const;
      await client.remove(write.kind, namespace, write.name, options);
      staleness.removed(owner, write.kind, namespace, write.name, write.uid);
      return;
    }
  }
}

/**
 * The name is taken. By us: our label was removed, or the cache is behind; the object is brought back into view. By
 * an earlier model of this name: it is on its way out. By anybody else: it is theirs, and stays so.
 */
async function adopt(
  model: Model,
  write: Extract<Write, { verb: "create" }>,
  inputs: ApplyInputs,
): Promise<Problem | undefined> {
  const { client, signal } = inputs;
  const { namespace, name, uid } = model.metadata;
  const found = await client.get<KubeObject>(write.kind, namespace, write.name, signal);
  const owner = found.metadata.ownerReferences?.find(({ controller }) => controller === true);
  const ours = owner?.kind === kinds.model.kind && owner.name === name;
  if (ours && owner.uid === uid && found.metadata.deletionTimestamp === undefined) {
    const metadata = isJsonObject(write.body["metadata"]) ? write.body["metadata"] : {};
    const body = { metadata: { labels: metadata["labels"] } };
    await send(model, { ...write, verb: "patch", uid: found.metadata.uid, body }, inputs);
    return undefined;
  }
  if (ours)
    throw new ApiError({
      status: 409,
      reason: "Conflict",
      message: `${write.kind.kind} ${write.name} of an earlier model ${name} is still being deleted`,
    });
  return {
    object: `${write.kind.kind}/${write.name}`,
    reason: "NameTaken",
    message: `${write.kind.kind} ${write.name} exists and was not made by Slipway: delete or rename it, or give the model another name`,
  };
}

/** 400, 403 and 422 are answers about what was asked for; asking again changes nothing until somebody acts. */
function isRefusal(error: unknown): error is ApiError {
  return (
    error instanceof ApiError &&
    (error.status === 400 || error.status === 422 || (error.status === 403 && !isTerminating(error)))
  );
}

function isTerminating(error: ApiError): boolean {
  return error.causes.some(({ reason }) => reason === "NamespaceTerminating");
}

function refused(write: Write, error: ApiError): Problem {
  const object = `${write.kind.kind}/${write.name}`;
  return { object, reason: "Refused", message: `the API server refused to ${write.verb} ${object}: ${error.message}` };
}

function isUidMismatch(error: unknown): boolean {
  return error instanceof ApiError && error.status === 409 && /uid/i.test(error.message);
}

/** Server-side apply: the status is wholly ours, so a field that is left out is taken away. */
async function writeStatus(model: Model, status: Status, inputs: ApplyInputs): Promise<void> {
  if (model.status !== undefined && hashOf(model.status) === hashOf(status)) return;
  const { client, staleness, signal } = inputs;
  const { name, namespace, uid } = model.metadata;
  const body = {
    apiVersion: apiVersion(kinds.model),
    kind: kinds.model.kind,
    metadata: { name, namespace, uid },
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
  } catch (error) {
    if (isNotFound(error) || isUidMismatch(error)) return; // the model was deleted meanwhile
    throw error;
  }
}
