import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { JsonObject } from "../../operator/api/json.ts";
import { checkModel, type Checked } from "./check.ts";
import { modelSchema, type Rule } from "./schema.ts";

const schema = await modelSchema(new URL("../../", import.meta.url));
const digest = `sha256:${"1".repeat(64)}`;
const v1 = { name: "v1", uri: "oci://registry.example.com/digits:1", digest };
const spec = { version: "v1", versions: [v1] };

function model(changes: object = {}, metadata: object = { name: "digits" }): JsonObject {
  return {
    apiVersion: "slipway.dev/v1alpha1",
    kind: "ModelDeployment",
    metadata,
    spec: { ...spec, ...changes },
  } as unknown as JsonObject;
}

function checked(object: JsonObject, before?: JsonObject): Checked {
  const old =
    before === undefined ? undefined : checkModel(before, { schema, namespace: "ns", before: undefined }).model;
  return checkModel(object, { schema, namespace: "ns", before: old });
}

function mistakesOf(object: JsonObject, before?: JsonObject): string[] {
  return checked(object, before).mistakes.map(({ path, message }) => `${path}: ${message}`);
}

test("a good model has no mistakes, and every default", () => {
  const { mistakes, unjudged, model: found, namespace } = checked(model());
  assert.deepEqual([mistakes, unjudged, namespace], [[], [], "ns"]);
  assert.equal(found?.spec.replicas, 1);
  assert.deepEqual(found?.spec.service, { type: "ClusterIP", port: 80 });
  assert.equal(found?.spec.rollout.maxSurge, "100%");
});

test("a null is as good as nothing, where the schema has no null", () => {
  const { mistakes, model: found } = checked(model({ replicas: null, service: { port: null }, restartToken: null }));
  assert.deepEqual(mistakes, []);
  assert.deepEqual([found?.spec.replicas, found?.spec.service.port], [1, 80]);
  assert.ok(!Object.hasOwn(found?.spec ?? {}, "restartToken"));
});

test("its own namespace wins, and a status in a manifest counts for nothing", () => {
  const object = { ...model({}, { name: "digits", namespace: "own" }), status: { replicas: 3 } };
  const { namespace, model: found } = checked(object);
  assert.deepEqual([namespace, found?.metadata.namespace, found?.status], ["own", "own", undefined]);
});

const cases: readonly (readonly [what: string, object: JsonObject, says: RegExp])[] = [
  ["an unknown field", model({ replica: 2 }), /^spec\.replica: there is no such field: did you mean replicas\?$/],
  [
    "an unknown field deep inside",
    model({ versions: [{ ...v1, url: "x" }] }),
    /^spec\.versions\[0\]\.url: .*did you mean uri/,
  ],
  [
    "a field that resembles none",
    model({ xyzzy: 1 }),
    /^spec\.xyzzy: there is no such field: there are version, versions/,
  ],
  [
    "a required field that is missing",
    model({ versions: [{ name: "v1" }] }),
    /^spec\.versions\[0\]\.uri: is missing: Where the model lies/,
  ],
  [
    "a uri of another cloud, as the API server says it",
    model({ versions: [{ name: "v1", uri: "gs://models/m" }] }),
    /^spec\.versions\[0\]\.uri: this scheme is not known: a uri begins with oci:\/\/, .* or file:\/\/$/,
  ],
  [
    "a scheme in capitals",
    model({ versions: [{ name: "v1", uri: "OCI://a/b" }] }),
    /^spec\.versions\[0\]\.uri: write the scheme before :\/\/ in lower-case letters$/,
  ],
  [
    "a uri without its path",
    model({ versions: [{ name: "v1", uri: "https://a" }] }),
    /^spec\.versions\[0\]\.uri: a host or a path is missing: write https:\/\/HOST\/PATH$/,
  ],
  [
    "a uri that is too long",
    model({ versions: [{ name: "v1", uri: `https://a/${"b".repeat(8183)}` }] }),
    /^spec\.versions\[0\]\.uri: a uri has at most 8192 characters$/,
  ],
  ["text for a number", model({ replicas: "two" }), /^spec\.replicas: "two" is not a whole number$/],
  ["a fraction for a whole number", model({ replicas: 1.5 }), /^spec\.replicas: 1\.5 is not a whole number$/],
  ["a number for text", model({ version: 1 }), /^spec\.version: 1 is not text: put it in quotes, "1"$/],
  ["a list for a map", model({ resources: ["1Gi"] }), /^spec\.resources: \["1Gi"\] is not a map of fields$/],
  ["a map for a list", model({ versions: v1 }), /^spec\.versions: .* is not a list$/],
  ["neither number nor text", model({ rollout: { maxSurge: true } }), /^spec\.rollout\.maxSurge: true is neither/],
  ["too small a number", model({ replicas: -1 }), /^spec\.replicas: -1: allowed is 0 to 10000$/],
  ["a size of nothing", model({ source: { sizeLimit: 0 } }), /^spec\.source\.sizeLimit: 0: allowed is 1 or more$/],
  ["too large a number", model({ service: { port: 65_536 } }), /^spec\.service\.port: 65536: allowed is 1 to 65535$/],
  [
    "a word that is not allowed",
    model({ service: { type: "Ingress" } }),
    /^spec\.service\.type: "Ingress": allowed are ClusterIP, NodePort, LoadBalancer$/,
  ],
  [
    "a form that does not fit",
    model({ versions: [{ ...v1, digest: "sha256:1" }] }),
    /^spec\.versions\[0\]\.digest: "sha256:1" does not have the form .*: What the bytes must be/,
  ],
  [
    "a text that is too long",
    model({ restartToken: "x".repeat(254) }),
    /^spec\.restartToken: has 254 characters: allowed is 0 to 253$/,
  ],
  [
    "an empty text",
    model({ server: { image: "" } }),
    /^spec\.server\.image: is empty: give it a value, or leave it out$/,
  ],
  [
    "a name twice",
    model({ versions: [v1, v1] }),
    /^spec\.versions\[1\]: name "v1" is there twice, first as spec\.versions\[0\]/,
  ],
  [
    "too many keys",
    model({ resources: { limits: Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`r${index}`, 1])) } }),
    /^spec\.resources\.limits: has 17 entries: allowed are 16 at the most$/,
  ],
  [
    "a variable of our own",
    model({ server: { env: [{ name: "SLIPWAY_CPU_LIMIT", value: "1" }] } }),
    /^spec\.server\.env\[0\]: SLIPWAY_CPU_LIMIT is set by Slipway: remove it/,
  ],
  [
    "a version that is not there",
    model({ version: "v9" }),
    /^spec\.version: there is no version v9 in spec\.versions: add/,
  ],
  [
    "a name that makes no Service",
    model({}, { name: "Digits" }),
    /^metadata\.name starts with a lower-case letter|^: metadata\.name starts/,
  ],
  ["a name that is too long", model({}, { name: "d".repeat(53) }), /metadata\.name has at most 52 characters/],
  ["no name", model({}, {}), /^metadata\.name: is missing/],
  ["no metadata", { ...model(), metadata: undefined }, /^metadata: is missing/],
  [
    "a misspelt part of metadata",
    model({}, { name: "digits", lables: {} }),
    /^metadata\.lables: there is no such field: did you mean labels\?$/,
  ],
  [
    "a number as a label",
    model({}, { name: "digits", labels: { a: 1 } }),
    /^metadata\.labels\.a: 1 is not text: put it in quotes$/,
  ],
  [
    "a label with a blank",
    model({}, { name: "digits", labels: { a: "b c" } }),
    /^metadata\.labels\.a: "b c": a label has letters/,
  ],
  [
    "a label's key that is none",
    model({}, { name: "digits", labels: { "a/b/c": "d" } }),
    /^metadata\.labels\["a\/b\/c"\]: "a\/b\/c" is no valid key$/,
  ],
  [
    "a namespace that is none",
    model({}, { name: "digits", namespace: "A" }),
    /^metadata\.namespace: "A": a namespace has/,
  ],
  ["no spec", { ...model(), spec: undefined }, /^spec: is missing: What is wanted\.$/],
  ["a field beside spec", { ...model(), sepc: {} }, /^sepc: there is no such field: did you mean spec\?$/],
];

describe("a mistake is named with its place and what to do", () => {
  for (const [what, object, says] of cases) {
    test(what, () => {
      const mistakes = mistakesOf(object);
      assert.equal(mistakes.length, 1, mistakes.join("\n"));
      assert.match(mistakes[0] ?? "", says);
    });
  }
});

test("an empty list is too short, and the version is not in it", () => {
  const mistakes = mistakesOf(model({ versions: [] }));
  assert.equal(mistakes.length, 2);
  assert.match(mistakes[0] ?? "", /^spec\.versions: has 0 entries: allowed is 1 to 32$/);
});

test("all mistakes come at once, each once", () => {
  const mistakes = mistakesOf(
    model({ version: "v9", replicas: "x", replica: 1, versions: [{ name: "v1", uri: "x" }] }),
  );
  assert.deepEqual(
    new Set(mistakes.map((mistake) => mistake.split(":")[0])),
    new Set(["spec.replica", "spec.replicas", "spec.version", "spec.versions[0].uri"]),
  );
});

describe("a change", () => {
  const other = `sha256:${"2".repeat(64)}`;
  test("of a version that has a digest is refused", () => {
    const changed = model({ versions: [{ ...v1, digest: other }] });
    assert.match(
      mistakesOf(changed, model()).join("\n"),
      /^spec\.versions\[0\]: version v1 has a digest, so neither that nor its uri can be changed/,
    );
  });
  test("that takes a digest away is allowed, as it may be the revert of another", () => {
    assert.deepEqual(mistakesOf(model({ versions: [{ name: "v1", uri: v1.uri }] }), model()), []);
  });
  test("of a version that has none is allowed, and so is a new version anywhere in the list", () => {
    const open = { name: "v1", uri: v1.uri };
    assert.deepEqual(mistakesOf(model({ versions: [{ ...open, digest: other }] }), model({ versions: [open] })), []);
    assert.deepEqual(mistakesOf(model({ versions: [{ ...v1, name: "v0", digest: other }, v1] }), model()), []);
  });
  test("is none where there was no model before", () => assert.deepEqual(mistakesOf(model()), []));
});

function judged(rule: Rule): Checked {
  const ruled = { ...schema, "x-kubernetes-validations": [rule] };
  return checkModel(model(), { schema: ruled, namespace: "ns", before: undefined });
}

describe("a rule in a schema", () => {
  test("that uses a function which is not known here is left to the API server", () => {
    const rule = "quantity(self.spec.version).isGreaterThan(quantity('1'))";
    const { mistakes, unjudged } = judged({ rule });
    assert.deepEqual([mistakes, unjudged], [[], [{ path: "", rule }]]);
  });
  test("without a message is shown itself", () => {
    assert.equal(
      judged({ rule: "self.spec.replicas > 1" }).mistakes[0]?.message,
      "the rule self.spec.replicas > 1 does not hold",
    );
  });
  test("whose message cannot be made has its plain one", () => {
    const rule = { rule: "false", message: "plain", messageExpression: "self.none" };
    assert.equal(judged(rule).mistakes[0]?.message, "plain");
  });
  test("counts with whole numbers", () =>
    assert.deepEqual(judged({ rule: "self.spec.replicas + 1 == 2" }).mistakes, []));
});

test("whatever a manifest holds, checking ends in mistakes or a model", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (anySpec, anyVersions) => {
      for (const object of [{ ...model(), spec: anySpec }, model({ versions: anyVersions })]) {
        const { mistakes, model: found } = checked(object);
        assert.equal(found === undefined, mistakes.length > 0);
      }
    }),
  );
});
