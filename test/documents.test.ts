/** What the documents say is there, and what they tell people to apply is taken. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { glob, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { load, loadAll } from "js-yaml";
import { checkModel } from "../cli/plan/check.ts";
import { modelSchema } from "../cli/plan/schema.ts";
import { isJsonObject, type Json, type JsonObject } from "../operator/api/json.ts";
import { conditionTypes } from "../operator/api/conditions.ts";
import { failureReasons } from "../server/contract.ts";

const root = new URL("../", import.meta.url);
const documents = await readDocuments();
const schema = await modelSchema(root);

test("every relative link leads to a file, and every anchor to a heading", async () => {
  const broken: string[] = [];
  let count = 0;
  for (const { file, text } of documents) {
    for (const [, link = ""] of withoutFences(text).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(link)) continue;
      count += 1;
      const [path = "", anchor] = link.split("#");
      const target = path === "" ? file : join(dirname(file), path);
      if (!existsSync(new URL(target, root))) broken.push(`${file}: ${link}`);
      else if (anchor !== undefined && !anchorsOf(await readFile(new URL(target, root), "utf8")).includes(anchor)) {
        broken.push(`${file}: ${link} has no such heading`);
      }
    }
  }
  assert.ok(count > 60, `only ${count} links were found`);
  assert.deepEqual(broken, []);
});

test("every page is in the index", () => {
  const index = documents.find(({ file }) => file === "docs/README.md")?.text ?? "";
  const pages = documents.map(({ file }) => file).filter((file) => /^docs\/(?!adr\/|README)/.test(file));
  assert.ok(pages.length > 15);
  const missing = pages.filter((file) => !index.includes(`(${file.replace("docs/", "")})`));
  assert.deepEqual(missing, []);
});

test("every ModelDeployment in a document is one that the API server takes", () => {
  const manifests = documents.flatMap(({ file, text }) =>
    fencesOf(text, "ya?ml").flatMap((yaml) => loadAll(yaml).map((object) => ({ file, object: object as Json }))),
  );
  const models = manifests.filter(({ object }) => isJsonObject(object) && object["kind"] === "ModelDeployment");
  assert.ok(models.length > 8, `only ${models.length} manifests were found`);
  for (const { file, object } of models) assert.deepEqual(mistakesOf(object as JsonObject), [], file);
});

test("every kubectl patch in a document makes a model that the API server takes", () => {
  const patches = documents.flatMap(({ file, text }) =>
    fencesOf(text, "sh").flatMap((script) =>
      [...script.matchAll(/kubectl .*?patch modeldeployment .*?--type=(merge|json) -p '([^']+)'/g)].map(
        ([, type = "", patch = ""]) => ({ file, type, patch: JSON.parse(patch) as Json }),
      ),
    ),
  );
  assert.ok(patches.length > 8, `only ${patches.length} patches were found`);
  for (const { file, type, patch } of patches) {
    const patched = type === "merge" ? merged(patchable(), patch) : operated(patchable(), patch);
    assert.notDeepEqual(patched, patchable(), `${file}: ${JSON.stringify(patch)} changes nothing`);
    assert.deepEqual(mistakesOf(patched as JsonObject), [], `${file}: ${JSON.stringify(patch)}`);
  }
});

test("no command takes the system's Node, which may be too old for TypeScript", () => {
  const told = documents.flatMap(({ file, text }) =>
    [...text.matchAll(/(?<!npx )\bnode (--test|([-\w=]+ )*[\w./-]+\.ts)\b/g)].map(([command]) => `${file}: ${command}`),
  );
  assert.deepEqual(told, [], "npx node FILE and npm scripts take the one that npm ci brings");
});

test("every npm script in a document is there", async () => {
  const { scripts } = JSON.parse(await read("package.json")) as { scripts: Readonly<Record<string, string>> };
  const named = documents.flatMap(({ file, text }) =>
    [...text.matchAll(/\bnpm run (?:--silent )?([a-z][\w:]*)/g)].map(([, script = ""]) => ({ file, script })),
  );
  assert.ok(named.length > 10, `only ${named.length} were found`);
  assert.deepEqual(
    named.filter(({ script }) => !Object.hasOwn(scripts, script)),
    [],
  );
});

test("every reason of the code is explained", async () => {
  const page = await read("docs/troubleshooting.md");
  const operatorPage = await read("docs/reference/operator.md");
  const explained = new Set([...`${page}${operatorPage}`.matchAll(/`([A-Z][A-Za-z]+)`/g)].map(([, reason]) => reason));
  const reasons = await reasonsOfTheCode();
  for (const known of ["Unschedulable", "Refused", "SecondAutoscaler", "RolledBack", "Surging", "RunContainerError"]) {
    assert.ok(reasons.includes(known), `${known} was not found in the code: the test reads it wrongly`);
  }
  assert.deepEqual(
    [...reasons, ...conditionTypes].filter((reason) => !explained.has(reason)),
    [],
  );
  const troubles = Object.keys(failureReasons).filter((reason) => !page.includes(`\n| \`${reason}\` |`));
  assert.deepEqual(troubles, [], "a reason that a pod reports has a row in docs/troubleshooting.md");
});

test("whether a version is given up is told as the contract has it", async () => {
  const page = await read("docs/troubleshooting.md");
  const rows = [...page.matchAll(/^\| `([A-Za-z]+)` \|.*\| (yes|no) \|$/gm)];
  const said = rows.filter(([, reason = ""]) => Object.hasOwn(failureReasons, reason));
  assert.equal(said.length, Object.keys(failureReasons).length);
  for (const [, reason = "", givenUp] of said) {
    const { permanent } = failureReasons[reason as keyof typeof failureReasons];
    assert.equal(givenUp, permanent ? "yes" : "no", reason);
  }
});

interface Document {
  readonly file: string;
  readonly text: string;
}

async function readDocuments(): Promise<readonly Document[]> {
  const folders = ["*.md", "{docs,charts,test,operator,server,cli,demo,examples}/**/*.md"];
  const files = (await Array.fromAsync(glob(folders, { cwd: root.pathname }))).toSorted();
  return Promise.all(files.map(async (file) => ({ file, text: await read(file) })));
}

function read(file: string): Promise<string> {
  return readFile(new URL(file, root), "utf8");
}

function withoutFences(text: string): string {
  return text.replaceAll(/^ *```[\s\S]*?^ *```$/gm, "").replaceAll(/`[^`\n]*`/g, "");
}

function fencesOf(text: string, language: string): string[] {
  const fence = new RegExp(`^( *)\`\`\`${language}\\n([\\s\\S]*?)^ *\`\`\`$`, "gm");
  return [...text.matchAll(fence)].map(([, indent = "", body = ""]) =>
    body.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
  );
}

/** As GitHub makes them: lower case, no punctuation, dashes for spaces. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replaceAll(" ", "-"),
  );
}

function mistakesOf(object: JsonObject): readonly unknown[] {
  return checkModel(object, { schema, namespace: "default", before: undefined }).mistakes;
}

function patchable(): Json {
  return load(`
apiVersion: slipway.dev/v1alpha1
kind: ModelDeployment
metadata: {name: model}
spec:
  version: first
  paused: false
  podTemplate: {spec: {containers: [{name: server}]}}
  versions:
    - {name: first, uri: "oci://registry.example.com/model:0"}
    - {name: v1, uri: "oci://registry.example.com/model:1"}
    - {name: v2, uri: "oci://registry.example.com/model:2"}
`) as Json;
}

/** A JSON merge patch (RFC 7396). */
function merged(target: Json | undefined, patch: Json): Json {
  if (!isJsonObject(patch)) return patch;
  const result: Record<string, Json> = isJsonObject(target) ? { ...(target as Record<string, Json>) } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else if (value !== undefined) result[key] = merged(result[key], value);
  }
  return result;
}

/** A JSON patch (RFC 6902), as far as the documents use it: add to the end of a list, and replace a field. */
function operated(target: Json, patch: Json): Json {
  const result = structuredClone(target) as Record<string, unknown>;
  for (const { op, path, value } of patch as unknown as { op: string; path: string; value: Json }[]) {
    const keys = path.split("/").slice(1);
    const last = keys.pop() ?? "";
    const parent = keys.reduce<unknown>((found, key) => (found as Record<string, unknown>)[key], result);
    if (Array.isArray(parent) && op === "add" && last === "-") parent.push(value);
    else if (op === "add" || op === "replace") (parent as Record<string, unknown>)[last] = value;
    else assert.fail(`${op} ${path} is not known to this test`);
  }
  return result as Json;
}

/** Reasons of conditions, failures and Events: what pods report, and the words that stand where the operator gives one. */
async function reasonsOfTheCode(): Promise<string[]> {
  const files = await Array.fromAsync(glob("operator/{apply.ts,plan/**/*.ts}", { cwd: root.pathname }));
  const sources = await Promise.all(files.filter((file) => !file.endsWith(".test.ts")).map(read));
  const code = sources.join("\n").replaceAll(/throw new ApiError\(\{[\s\S]*?\}\)/g, "");
  const lines = [...code.matchAll(/^.*(?:\breason: |\breason = |configurationReasons = |^ {2}\| ")(.*)$/gm)];
  const words = lines.flatMap(([line]) => [...line.matchAll(/"([A-Z][A-Za-z]+)"/g)].map(([, word = ""]) => word));
  return [...new Set([...words, ...Object.keys(failureReasons)])].filter((word) => !notReasons.has(word)).toSorted();
}

/** Words on such lines that no status and no Event shows as a reason. */
const notReasons: ReadonlySet<string> = new Set([
  "Undecided", // the end of a list of rules, each of which ends with one that always decides
  "Download",
  "Load",
  "Schedule",
  "True",
  "False",
  "Unknown",
  "Normal",
  "Warning",
]);
