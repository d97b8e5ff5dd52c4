import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { JsonObject } from "../../api/json.ts";
import { quantity } from "../../api/quantity.ts";
import { differenceOf } from "./difference.ts";

interface Row {
  readonly what: string;
  readonly desired: JsonObject;
  readonly observed: JsonObject;
  readonly exact?: readonly string[];
  readonly whole?: readonly string[];
  readonly absent?: readonly string[];
  readonly except?: readonly string[];
  /** Undefined: no difference. */
  readonly patch?: JsonObject;
  readonly fields?: readonly string[];
}

const ours = { apiVersion: "slipway.dev/v1alpha1", kind: "ModelDeployment", name: "m", uid: "u", controller: true };
const theirs = { apiVersion: "v1", kind: "ConfigMap", name: "c", uid: "x" };

const rows: readonly Row[] = [
  { what: "the same", desired: { spec: { replicas: 1 } }, observed: { spec: { replicas: 1 } } },
  {
    what: "fields of others and defaults",
    desired: { metadata: { labels: { a: "b" } } },
    observed: { metadata: { labels: { a: "b", theirs: "x" } }, spec: { clusterIP: "10.0.0.1" }, status: {} },
  },
  {
    what: "a value",
    desired: { spec: { replicas: 2, paused: false } },
    observed: { spec: { replicas: 1, paused: false } },
    patch: { spec: { replicas: 2 } },
    fields: ["spec.replicas"],
  },
  {
    what: "a map that is gone",
    desired: { spec: { selector: { a: "b" } } },
    observed: { spec: {} },
    patch: { spec: { selector: { a: "b" } } },
    fields: ["spec.selector"],
  },
  {
    what: "0 and false are values",
    desired: { replicas: 0, on: false },
    observed: {},
    patch: { replicas: 0, on: false },
    fields: ["replicas", "on"],
  },
  {
    what: "what is empty is left out by the API server",
    desired: { env: "", list: [], map: {}, nothing: null },
    observed: {},
  },
  {
    what: "empty where there should be something",
    desired: { list: ["a"], map: { a: "b" } },
    observed: { list: [], map: {} },
    patch: { list: ["a"], map: { a: "b" } },
    fields: ["list", "map.a"],
  },
  {
    what: "something where it should be empty",
    desired: { list: [], text: "" },
    observed: { list: ["a"], text: "a" },
    patch: { list: [], text: "" },
    fields: ["list", "text"],
  },
  { what: "undefined is not set", desired: { a: undefined }, observed: { a: 1 } },
  {
    what: "a list with the server's fields in its items",
    desired: { ports: [{ name: "http", port: 80 }] },
    observed: { ports: [{ name: "http", port: 80, nodePort: 30_000 }] },
  },
  {
    what: "an item that was changed keeps the server's fields",
    desired: { ports: [{ name: "http", port: 80 }] },
    observed: { ports: [{ name: "http", port: 81, nodePort: 30_000 }] },
    patch: { ports: [{ name: "http", port: 80, nodePort: 30_000 }] },
    fields: ["ports"],
  },
  {
    what: "a list with one item too many",
    desired: { containers: [{ name: "server" }] },
    observed: { containers: [{ name: "server", image: "i" }, { name: "sidecar" }] },
    patch: { containers: [{ name: "server" }] },
    fields: ["containers"],
  },
  {
    what: "a list in another order",
    desired: { args: ["a", "b"] },
    observed: { args: ["b", "a"] },
    patch: { args: ["a", "b"] },
    fields: ["args"],
  },
  {
    what: "a list that is a value",
    desired: { args: ["a"] },
    observed: { args: "a" },
    patch: { args: ["a"] },
    fields: ["args"],
  },
  {
    what: "quantities by value, in maps and in lists",
    desired: {
      resources: { requests: { cpu: "1000m", memory: "1Gi" }, limits: { "example.com/gpu": "1" } },
      containers: [{ resources: { limits: { cpu: "0.5" } }, env: [{ divisor: "1" }] }],
      volumes: [{ emptyDir: { sizeLimit: "1024Mi" } }],
      behavior: { scaleUp: { tolerance: 0.05 } },
    },
    observed: {
      resources: { requests: { cpu: "1", memory: "1024Mi" }, limits: { "example.com/gpu": 1 } },
      containers: [{ resources: { limits: { cpu: "500m" } }, env: [{ divisor: 1 }] }],
      volumes: [{ emptyDir: { sizeLimit: "1Gi" } }],
      behavior: { scaleUp: { tolerance: "50m" } },
    },
  },
  {
    what: "another quantity",
    desired: { resources: { limits: { cpu: "1" } } },
    observed: { resources: { limits: { cpu: "1001m" } } },
    patch: { resources: { limits: { cpu: "1" } } },
    fields: ["resources.limits.cpu"],
  },
  {
    what: "text that looks like a quantity elsewhere",
    desired: { env: { value: "1000m" } },
    observed: { env: { value: "1" } },
    patch: { env: { value: "1000m" } },
    fields: ["env.value"],
  },
  {
    what: "a key too many in a map that is wholly ours",
    desired: { spec: { selector: { a: "b" } } },
    observed: { spec: { selector: { a: "b", app: "mine", constructor: "x" } } },
    exact: ["spec.selector"],
    patch: { spec: { selector: { app: null, constructor: null } } },
    fields: ["spec.selector.app", "spec.selector.constructor"],
  },
  {
    what: "a key too many deeper than the map that is wholly ours",
    desired: { spec: { selector: { matchLabels: { a: "b" } } } },
    observed: { spec: { selector: { matchLabels: { a: "b", c: "d" } } } },
    exact: ["spec.selector"],
  },
  {
    what: "a list that is wholly ours, its keys in another order",
    desired: { spec: { from: [{ a: {}, b: 1 }] } },
    observed: { spec: { from: [{ b: 1, a: {} }] } },
    whole: ["spec.from"],
  },
  {
    what: "a field too many deep in a list that is wholly ours",
    desired: { spec: { from: [{ selector: {} }] } },
    observed: { spec: { from: [{ selector: { labels: { a: "b" } } }] } },
    whole: ["spec.from"],
    patch: { spec: { from: [{ selector: {} }] } },
    fields: ["spec.from"],
  },
  {
    what: "something empty that is missing in a list that is wholly ours",
    desired: { spec: { from: [{ a: "b", selector: {} }] } },
    observed: { spec: { from: [{ a: "b" }] } },
    whole: ["spec.from"],
    patch: { spec: { from: [{ a: "b", selector: {} }] } },
    fields: ["spec.from"],
  },
  {
    what: "a list that is wholly ours and was taken away",
    desired: { spec: { from: [{ a: "b" }] } },
    observed: { spec: {} },
    whole: ["spec.from"],
    patch: { spec: { from: [{ a: "b" }] } },
    fields: ["spec.from"],
  },
  {
    what: "a list that is wholly ours and is left to somebody else for now",
    desired: { spec: { from: [{ a: "b" }] } },
    observed: { spec: { from: [{}] } },
    whole: ["spec.from"],
    except: ["spec.from"],
  },
  {
    what: "an annotation to take away",
    desired: { metadata: { annotations: { ours: "1" } } },
    observed: { metadata: { annotations: { ours: "1", "was.ours/x": "2", theirs: "3" } } },
    absent: ["metadata.annotations.was.ours/x", "metadata.annotations.ours"],
    patch: { metadata: { annotations: { "was.ours/x": null } } },
    fields: ["metadata.annotations.was.ours/x"],
  },
  {
    what: "a field that excludes ours",
    desired: { spec: { maxUnavailable: 1 } },
    observed: { spec: { minAvailable: 1 } },
    absent: ["spec.minAvailable"],
    patch: { spec: { maxUnavailable: 1, minAvailable: null } },
    fields: ["spec.maxUnavailable", "spec.minAvailable"],
  },
  {
    what: "fields that are left to somebody else for now",
    desired: { spec: { type: "ClusterIP", selector: { a: "b" } } },
    observed: { spec: { type: "NodePort", selector: { a: "x", app: "mine" } } },
    exact: ["spec.selector"],
    except: ["spec.type", "spec.selector.app"],
    patch: { spec: { selector: { a: "b" } } },
    fields: ["spec.selector.a"],
  },
  {
    what: "our owner reference among those of others",
    desired: { metadata: { ownerReferences: [ours] } },
    observed: { metadata: { ownerReferences: [theirs, { ...ours, blockOwnerDeletion: false }] } },
  },
  {
    what: "our owner reference is gone",
    desired: { metadata: { ownerReferences: [ours] } },
    observed: { metadata: { ownerReferences: [theirs] } },
    patch: { metadata: { ownerReferences: [theirs, ours] } },
    fields: ["metadata.ownerReferences"],
  },
  {
    what: "our owner reference was changed",
    desired: { metadata: { ownerReferences: [ours] } },
    observed: { metadata: { ownerReferences: [{ ...ours, controller: false }, theirs] } },
    patch: { metadata: { ownerReferences: [theirs, ours] } },
    fields: ["metadata.ownerReferences"],
  },
];

for (const { what, desired, observed, exact = [], whole = [], absent = [], except = [], patch, fields = [] } of rows) {
  test(`${what}: ${patch === undefined ? "no difference" : `differs in ${fields.join(", ")}`}`, () => {
    const difference = differenceOf(desired, observed, { exact, whole, absent, except });
    assert.deepEqual(difference?.patch, patch);
    assert.deepEqual(difference?.fields.map(({ path }) => path) ?? [], fields);
  });
}

const quantities: readonly (readonly [text: string, amount: number])[] = [
  ["0", 0],
  ["1.5", 1.5],
  [".5", 0.5],
  ["-1", -1],
  ["100m", 0.1],
  ["1e3", 1000],
  ["1E3", 1000],
  ["1E", 1e18],
  ["2Ki", 2048],
  ["1.5Gi", 1_610_612_736],
  ["3k", 3000],
];

for (const [text, amount] of quantities) {
  test(`the quantity ${text} is ${amount}`, () =>
    assert.ok(Math.abs(quantity(text) - amount) <= Math.abs(amount) * 1e-15));
}

for (const text of ["", "m", "1x", "1 Gi", "one", "1mm", "0x10"]) {
  test(`${JSON.stringify(text)} is no quantity`, () => assert.ok(Number.isNaN(quantity(text))));
}

const key = fc.constantFrom("a", "b", "c", "metadata", "spec", "limits");
const leaf = fc.oneof(fc.boolean(), fc.integer({ min: 0, max: 3 }), fc.constantFrom("", "x", "1", "1000m"));
const object = objectOf(3);

function objectOf(depth: number): fc.Arbitrary<JsonObject> {
  const value: fc.Arbitrary<JsonObject[string]> =
    depth === 0 ? leaf : fc.oneof(leaf, fc.array(objectOf(depth - 1), { maxLength: 3 }), objectOf(depth - 1));
  return fc.dictionary(key, value, { maxKeys: 4, noNullPrototype: true });
}

test("with the patch applied nothing differs any more, and nothing else was touched", () => {
  fc.assert(
    fc.property(object, object, (desired, observed) => {
      const options = { exact: [], absent: [] };
      const difference = differenceOf(desired, observed, options);
      if (difference === undefined) return;
      const after = patched(observed, difference.patch);
      assert.equal(differenceOf(desired, after, options), undefined, JSON.stringify(after));
      for (const name of Object.keys(observed)) {
        if (!Object.hasOwn(desired, name)) assert.deepEqual(after[name], observed[name]);
      }
    }),
    { numRuns: 2000 },
  );
});

/** RFC 7386. */
function patched(target: JsonObject, patch: JsonObject): JsonObject {
  const result: Record<string, JsonObject[string]> = { ...target };
  for (const [name, value] of Object.entries(patch)) {
    const found = result[name];
    if (value === null) delete result[name];
    else if (isMap(value)) result[name] = patched(isMap(found) ? found : {}, value);
    else result[name] = value;
  }
  return result;
}

function isMap(value: JsonObject[string]): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
