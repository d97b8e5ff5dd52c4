import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readDocuments } from "./documents.ts";

const model = (name: string): string =>
  `apiVersion: slipway.dev/v1alpha1\nkind: ModelDeployment\nmetadata: {name: ${name}}\n`;

function nameOf({ metadata }: { readonly metadata?: unknown }): unknown {
  return (metadata as { readonly name?: unknown } | undefined)?.name;
}

function names(text: string): [models: unknown[], others: unknown[]] {
  const { models, others } = readDocuments(text, "file.yaml");
  return [models.map(nameOf), others.map(nameOf)];
}

test("one document, several, and empty ones between", () => {
  assert.deepEqual(names(model("a")), [["a"], []]);
  assert.deepEqual(names(`---\n${model("a")}---\n# nothing\n---\n${model("b")}`), [["a", "b"], []]);
});

test("JSON is YAML", () => {
  const text = JSON.stringify({ apiVersion: "slipway.dev/v1alpha1", kind: "ModelDeployment", metadata: { name: "a" } });
  assert.deepEqual(names(text), [["a"], []]);
});

test("other kinds are told apart", () => {
  assert.deepEqual(names(`${model("a")}---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\n`), [["a"], ["s"]]);
});

test("a List, as kubectl prints one, is taken apart", () => {
  const item = { apiVersion: "slipway.dev/v1alpha1", kind: "ModelDeployment", metadata: { name: "a" } };
  assert.deepEqual(names(JSON.stringify({ apiVersion: "v1", kind: "List", items: [item] })), [["a"], []]);
});

test("a date is text, as the API server reads it", () => {
  const { models } = readDocuments(`${model("a")}spec: {restartToken: 2026-01-01}\n`, "f");
  assert.deepEqual(models[0]?.["spec"], { restartToken: "2026-01-01" });
});

describe("what is no manifest is refused", () => {
  const cases: readonly (readonly [what: string, text: string, says: RegExp])[] = [
    ["not YAML", "a: [", /^file\.yaml is not YAML: /],
    ["a text", "hello", /document 1 is no object with apiVersion and kind/],
    [
      "no kind",
      "apiVersion: v1",
      /document 1 has no kind: a model has apiVersion: slipway\.dev\/v1alpha1 and kind: ModelDeployment/,
    ],
    ["no apiVersion", "kind: ModelDeployment", /document 1 has no apiVersion/],
    [
      "another version",
      model("a").replace("v1alpha1", "v9"),
      /apiVersion slipway\.dev\/v9: this release knows slipway\.dev\/v1alpha1/,
    ],
  ];
  for (const [what, text, says] of cases) {
    test(what, () => assert.throws(() => readDocuments(text, "file.yaml"), { message: says }));
  }
});
