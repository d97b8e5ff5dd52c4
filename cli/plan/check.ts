import { isJsonObject, type Json, type JsonObject, valueAt } from "../../operator/api/json.ts";
import type { Model, Spec } from "../../operator/api/model.ts";
import { withDefaults } from "./defaults.ts";
import { metadataMistakes } from "./metadata.ts";
import type { Mistake } from "./mistake.ts";
import { judgeRules, type RuleFindings } from "./rules.ts";
import type { Schema } from "./schema.ts";
import { validate } from "./validate.ts";

/** A model as the API server would take it, or all that it would refuse. */
export interface Checked {
  readonly name: string;
  readonly namespace: string;
  /** With defaults; undefined when there are mistakes. */
  readonly model: Model | undefined;
  readonly mistakes: readonly Mistake[];
  readonly unjudged: RuleFindings["unjudged"];
}

export interface CheckOptions {
  readonly schema: Schema;
  /** Of a model that names none. */
  readonly namespace: string;
  /** What the model was before, for the rules about changes. */
  readonly before: Model | undefined;
}

/** A new object has none before the API server gives it one; owner references show it. */
const unknownUid = "00000000-0000-0000-0000-000000000000";

/** Fills in defaults and judges, like the API server at `kubectl apply` with strict validation. */
export function checkModel(object: JsonObject, { schema, namespace, before }: CheckOptions): Checked {
  // A status in a manifest is dropped by the API server, as only the status subresource writes it.
  const { status: _status, ...rest } = object;
  const filled = withDefaults(rest, schema);
  const schemaMistakes = validate(filled, schema, "");
  const metadata = valueAt(filled, "metadata");
  const own = [...metadataMistakes(metadata), ...schemaMistakes];
  const old = before === undefined ? undefined : ({ metadata: before.metadata, spec: before.spec } as unknown as Json);
  const findings = judgeRules(filled, old, schema, "");
  // What is missing or of the wrong type has been told; a rule that meets it says nothing new, or stumbles.
  const fresh = findings.mistakes.filter(({ path }) => !own.some((mistake) => isAround(mistake.path, path)));
  const mistakes = [...own, ...fresh];
  const name = textAt(metadata, "name");
  const space = textAt(metadata, "namespace") || namespace;
  return {
    name: name === "" ? "(no name)" : name,
    namespace: space,
    model: mistakes.length > 0 ? undefined : modelOf(filled, name, space, before),
    mistakes,
    unjudged: own.length > 0 ? [] : findings.unjudged,
  };
}

function isAround(told: string, path: string): boolean {
  return told === path || told.startsWith(`${path}.`) || told.startsWith(`${path}[`) || path.startsWith(`${told}.`);
}

function textAt(metadata: Json | undefined, key: string): string {
  const value = isJsonObject(metadata) ? metadata[key] : undefined;
  return typeof value === "string" ? value : "";
}

function modelOf(filled: Json, name: string, namespace: string, before: Model | undefined): Model {
  const spec = valueAt(filled, "spec") as unknown as Spec;
  return {
    metadata: {
      ...before?.metadata,
      name,
      namespace,
      uid: before?.metadata.uid ?? unknownUid,
      resourceVersion: before?.metadata.resourceVersion ?? "",
      generation: (before?.metadata.generation ?? 0) + 1,
    },
    spec,
    ...(before?.status === undefined ? {} : { status: before.status }),
  };
}
