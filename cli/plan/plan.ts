import { readFile } from "node:fs/promises";
import { text as readText } from "node:stream/consumers";
import { Readable } from "node:stream";
import { dump } from "js-yaml";
import { type Json, type JsonObject, stringsAt, valueAt } from "../../operator/api/json.ts";
import type { Model } from "../../operator/api/model.ts";
import type { BuildDefaults } from "../../operator/plan/observed.ts";
import { targetRevision } from "../../operator/plan/revision/revision.ts";
import type { Invocation } from "../command.ts";
import { type ExitCode, exitCodes, failed, misused } from "../complaint.ts";
import type { Edge } from "../edge.ts";
import { plural } from "../text/amounts.ts";
import { hasColour, styleOf } from "../text/style.ts";
import { type Checked, checkModel } from "./check.ts";
import { emptyCluster, type PaperCluster } from "./cluster.ts";
import { type Documents, readDocuments } from "./documents.ts";
import { endsWell, objectsOf, type Outcome, outcomeJson } from "./outcome.ts";
import { outcomeText } from "./outcome-text.ts";
import { rehearse } from "./rehearsal.ts";
import { modelSchema, type Schema } from "./schema.ts";
import { startFrom } from "./start.ts";
import { revisionReason } from "./revision-reason.ts";

/** `slipway plan -f FILE`: what the operator would do with the models of a file, offline, or all that is wrong. */
export async function plan(invocation: Invocation, edge: Edge): Promise<ExitCode> {
  const file = invocation.text("filename");
  if (file === undefined) throw misused("which model? Name its file with -f FILE, or - for standard input");
  const [previousFile, statusFile] = [invocation.text("previous"), invocation.text("status")];
  if (previousFile !== undefined && statusFile !== undefined) {
    throw misused("--previous and --status both say what there is now: give one of them");
  }
  const documents = await readManifests(file, edge);
  if (documents.models.length === 0) throw failed(`${file} holds no ModelDeployment`);
  const schema = await modelSchema(edge.packageRoot);
  const before = statusFile ?? previousFile;
  const known = before === undefined ? undefined : await readManifests(before, edge);
  const namespace = invocation.text("namespace") ?? "default";
  const now = wholeSecond(edge.wallClock());
  const context = { schema, namespace, defaults: defaultsFrom(invocation), now, known, before };
  const results = documents.models.map((object) => planOne(object, context));
  const mistaken = results.map(({ checked }) => checked).filter(({ mistakes }) => mistakes.length > 0);
  if (mistaken.length > 0) throw failed(mistaken.map((checked) => mistakesText(checked, file)).join("\n"));
  for (const other of documents.others)
    edge.messages.write(`left out: ${describe(other)}, which is no ModelDeployment\n`);
  const outcomes = results.flatMap(({ outcome }) => outcome ?? []);
  write(outcomes, invocation.text("output") ?? "text", edge);
  return outcomes.every(endsWell) ? exitCodes.done : exitCodes.failed;
}

/** Times of a status are whole seconds: of a clock with more, the same plan would be told with other waits each time. */
function wholeSecond(milliseconds: number): number {
  return Math.floor(milliseconds / 1000) * 1000;
}

interface Context {
  readonly schema: Schema;
  readonly namespace: string;
  readonly defaults: BuildDefaults;
  readonly now: number;
  /** What there is now, and the file that says so. */
  readonly known: Documents | undefined;
  readonly before: string | undefined;
}

function planOne(object: JsonObject, context: Context): { checked: Checked; outcome: Outcome | undefined } {
  const { schema, namespace, defaults, now } = context;
  const start = knownStart(object, context);
  const checked = checkModel(object, { schema, namespace, before: start?.model });
  const { model } = checked;
  const target = model === undefined ? undefined : targetRevision(model.spec);
  if (model === undefined || target === undefined) return { checked, outcome: undefined };
  const cluster = start === undefined ? emptyCluster(model, defaults, now) : { ...start, model };
  const outcome: Outcome = {
    name: checked.name,
    namespace: checked.namespace,
    version: model.spec.version,
    revision: target.hash,
    revisionReason: revisionReason(target, start),
    isPaused: model.spec.paused === true,
    rehearsal: rehearse({ ...cluster, model: { ...model, spec: { ...model.spec, paused: false } } }),
    unjudged: [
      ...checked.unjudged.map(({ path, rule }) => `${path === "" ? "the object" : path} must hold ${rule}`),
      ...untypedFields(model.spec),
    ],
  };
  return { checked, outcome };
}

/** Parts of other kinds that our CRD takes as they are; their own kinds judge them when they are written. */
function untypedFields(spec: Model["spec"]): string[] {
  const fields: readonly (readonly [field: string, value: unknown])[] = [
    ["spec.podTemplate", spec.podTemplate],
    ["spec.placement.affinity", spec.placement?.affinity],
    ["spec.placement.topologySpreadConstraints", spec.placement?.topologySpreadConstraints],
    ["spec.scaling.behavior", spec.scaling?.behavior],
    ["spec.networkPolicy.from", spec.networkPolicy?.from],
  ];
  return fields.filter(([, value]) => value !== undefined).map(([field]) => `what is in ${field}`);
}

/** The state that the change starts from; undefined for a model that is not there yet. */
function knownStart(
  object: JsonObject,
  { schema, namespace, defaults, now, known, before }: Context,
): PaperCluster | undefined {
  if (known === undefined || before === undefined) return undefined;
  const { name, namespace: space } = identityOf(object, namespace);
  const old = known.models.find((candidate) => {
    const identity = identityOf(candidate, namespace);
    return identity.name === name && identity.namespace === space;
  });
  if (old === undefined) return undefined;
  const checked = checkModel(old, { schema, namespace, before: undefined });
  if (checked.model === undefined) throw failed(mistakesText(checked, before));
  const model: Model = { ...checked.model, ...statusOf(old) };
  return startFrom(model, { defaults, now, assumed: digestsIn(object) });
}

/** A digest that the edit adds to a version is taken to be the one that was found for it. */
function digestsIn(object: JsonObject): ReadonlyMap<string, string> {
  const versions = valueAt(object, "spec", "versions");
  const entries = Array.isArray(versions) ? (versions as readonly Json[]) : [];
  return new Map(
    entries.flatMap((entry) => {
      const { name, digest } = stringsAt(entry);
      return name === undefined || digest === undefined ? [] : [[name, digest] as const];
    }),
  );
}

function statusOf({ status }: { readonly status?: unknown }): Pick<Model, "status"> {
  return typeof status === "object" && status !== null ? { status } : {};
}

function identityOf(object: JsonObject, namespace: string): { name: string; namespace: string } {
  const { name, namespace: own } = (object["metadata"] ?? {}) as {
    readonly name?: unknown;
    readonly namespace?: unknown;
  };
  return { name: String(name), namespace: typeof own === "string" && own !== "" ? own : namespace };
}

function defaultsFrom(invocation: Invocation): BuildDefaults {
  const hosts = (invocation.text("plain-http-hosts") ?? "").split(",").map((host) => host.trim());
  return {
    serverImage: invocation.text("server-image") ?? "",
    gpuServerImage: invocation.text("gpu-server-image") ?? "",
    plainHttpHosts: hosts.filter((host) => host !== ""),
    certificateAuthority: "",
    proxy: { http: "", https: "", exceptions: [] },
    operatorNamespace: invocation.text("operator-namespace") ?? "",
  };
}

async function readManifests(file: string, edge: Edge): Promise<Documents> {
  if (file === "-") return readDocuments(await readText(Readable.from(edge.input)), "standard input");
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    throw failed(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`, error);
  });
  return readDocuments(text, file);
}

function mistakesText({ name, mistakes }: Checked, file: string): string {
  const lines = mistakes.map(({ path, message }) => `  ${path === "" ? "" : `${path}: `}${message}`);
  return `${file}: the model ${name} has ${plural(mistakes.length, "mistake")}\n${lines.join("\n")}`;
}

function describe(object: JsonObject): string {
  return `${kindOf(object)} ${identityOf(object, "").name}`;
}

function kindOf({ kind }: { readonly kind?: unknown }): string {
  return typeof kind === "string" ? kind : "object";
}

function write(outcomes: readonly Outcome[], output: string, { output: terminal, variables }: Edge): void {
  if (output === "json") {
    terminal.write(`${JSON.stringify(outcomes.map(outcomeJson), null, 2)}\n`);
  } else if (output === "yaml") {
    for (const { comment, object } of outcomes.flatMap(objectsOf)) {
      terminal.write(`---\n# ${comment}\n${dump(object, { lineWidth: -1, noRefs: true })}`);
    }
  } else {
    const style = styleOf(hasColour(terminal, variables));
    terminal.write(outcomes.map((outcome) => outcomeText(outcome, style)).join("\n"));
  }
}
