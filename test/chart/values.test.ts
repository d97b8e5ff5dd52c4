import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { load } from "js-yaml";
import { valueEntries } from "../../scripts/values-reference.ts";
import { CommandError } from "../cluster/command.ts";
import { chartDirectory, fullValues, leastValues, renderText } from "./render.ts";

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean;
}

type Values = Readonly<Record<string, unknown>>;

const valuesText = await readFile(`${chartDirectory}/values.yaml`, "utf8");
const defaults = load(valuesText) as Values;
const schema = JSON.parse(await readFile(`${chartDirectory}/values.schema.json`, "utf8")) as Schema;

test("every value is described", () => {
  const described = valueEntries(valuesText).filter(({ defaultValue }) => defaultValue !== undefined);
  assert.deepEqual(described.map(({ path }) => path).toSorted(), leaves(schema).toSorted());
});

test("a value without a description is an error that names it", () => {
  assert.throws(() => valueEntries("# About a.\na: 1\n\ngroup:\n  # About b.\n  b: 1\n  c: 2\n"), /group\.c has no/);
});

test("a group, a map that is a value, and a comment of two lines", () => {
  const text = "# About a,\n# and more.\na:\n  b: 1\n\ngroup:\n  # About c.\n  c: [x]\n";
  assert.deepEqual(valueEntries(text), [
    { path: "a", description: "About a, and more.", defaultValue: '{"b":1}' },
    { path: "group.c", description: "About c.", defaultValue: '["x"]' },
  ]);
});

test("the schema is closed wherever it lists names", () => {
  assert.deepEqual(openObjects("", schema), []);
});

test("the tests set every value to another one than its default", () => {
  const unset = leaves(schema).filter((path) => {
    const value = at(fullValues, path);
    return value === undefined || JSON.stringify(value) === JSON.stringify(at(defaults, path));
  });
  // The first has values of its own, as it leaves objects out; the others would leave out what is to be seen.
  assert.deepEqual(unset, ["watchNamespaces", "crds.install", "networkPolicy.enabled"]);
});

const refusedValues: readonly { readonly what: string; readonly values: object; readonly says: RegExp }[] = [
  { what: "an unknown value", values: { image: { repo: "x" } }, says: /\/image.*'repo' not allowed/ },
  { what: "an unknown value at the top", values: { webhook: true }, says: /'webhook' not allowed/ },
  { what: "a word for a number", values: { replicas: "two" }, says: /\/replicas.*want integer/ },
  { what: "fewer than no replicas", values: { replicas: -1 }, says: /\/replicas.*minimum/ },
  { what: "an unknown log level", values: { logLevel: "loud" }, says: /\/logLevel.*'trace', 'debug', 'info'/ },
  {
    what: "no ports of API servers: a rule without ports allows every one",
    values: { networkPolicy: { apiServerPorts: null } },
    says: /networkPolicy.*missing property 'apiServerPorts'/,
  },
  { what: "a URL for a host", values: { registries: { plainHttpHosts: ["http://x"] } }, says: /plainHttpHosts\/0/ },
  {
    what: "a path for a PEM",
    values: { registries: { certificateAuthority: "/ca.crt" } },
    says: /certificateAuthority/,
  },
  { what: "a proxy without a scheme", values: { proxy: { https: "proxy:3128" } }, says: /\/proxy\/https/ },
  { what: "a proxy that is none of HTTP", values: { proxy: { http: "socks5://proxy:1080" } }, says: /\/proxy\/http/ },
  {
    what: "a proxy with a password, which every pod would show",
    values: { proxy: { https: "http://ada:s3cret@proxy:3128" } },
    says: /\/proxy\/https/,
  },
  { what: "two hosts in one", values: { proxy: { noProxy: ["a.test,b.test"] } }, says: /\/proxy\/noProxy\/0/ },
  { what: "a tag within the repository", values: { image: { repository: "a/b:1" } }, says: /\/image\/repository/ },
  { what: "a digest that is none", values: { image: { digest: "sha256:12" } }, says: /\/image\/digest/ },
  { what: "a pattern for a namespace", values: { watchNamespaces: ["team-*"] }, says: /\/watchNamespaces\/0/ },
  { what: "a namespace twice", values: { watchNamespaces: ["a", "a"] }, says: /\/watchNamespaces.*are equal/ },
  { what: "a URL for a registry", values: { imageRegistry: "https://x" }, says: /\/imageRegistry/ },
  { what: "no workers", values: { workers: 0 }, says: /\/workers.*minimum/ },
  { what: "a variable of the chart's own", values: { env: [{ name: "POD_NAME" }] }, says: /\/env\/0\/name/ },
  {
    what: "a variable with two values",
    values: { env: [{ name: "A", value: "a", valueFrom: {} }] },
    says: /\/env\/0/,
  },
  {
    what: "a label that the Deployment selects by",
    values: { podLabels: { "app.kubernetes.io/name": "x" } },
    says: /invalid propertyName 'app\.kubernetes\.io\/name'/,
  },
  {
    what: "an address without a prefix length",
    values: { networkPolicy: { apiServerCidrs: ["10.0.0.1"] } },
    says: /Cidrs\/0/,
  },
  { what: "an interval without a unit", values: { podMonitor: { interval: "30" } }, says: /\/podMonitor\/interval/ },
  {
    what: "a source that the name of another host could start with",
    values: { limits: { allowedSources: ["oci://registry.example.com"] } },
    says: /\/limits\/allowedSources\/0/,
  },
  { what: "a misspelt toleration", values: { tolerations: [{ keys: "x" }] }, says: /\/tolerations\/0.*'keys'/ },
  { what: "an object that is none", values: { extraObjects: [{ name: "x" }] }, says: /\/extraObjects\/0/ },
  { what: "a secret's name without the object", values: { imagePullSecrets: ["x"] }, says: /imagePullSecrets\/0/ },
];

for (const { what, values, says } of refusedValues) {
  test(`${what} is refused by the schema`, async () => {
    await assert.rejects(renderText({ ...leastValues, ...values }), (error) => {
      assert.ok(error instanceof CommandError);
      assert.match(error.stderr, says);
      return true;
    });
  });
}

/** Paths of the values, groups apart: where values.yaml has a map of free names, the schema lists none. */
function leaves(node: Schema, path = ""): readonly string[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, property]) => {
    const own = path === "" ? name : `${path}.${name}`;
    if (own === "global") return [];
    const isValue = property.properties === undefined || valuesThatAreMaps.includes(own);
    return isValue ? [own] : leaves(property, own);
  });
}

const valuesThatAreMaps = ["resources", "affinity"];

function openObjects(path: string, node: Schema): readonly string[] {
  const own = node.properties !== undefined && node.additionalProperties !== false ? [path] : [];
  const within = Object.entries(node.properties ?? {}).flatMap(([name, each]) => openObjects(`${path}/${name}`, each));
  return [...own, ...within];
}

function at(values: Values, path: string): unknown {
  return path.split(".").reduce<unknown>((found, key) => (found as Values | undefined)?.[key], values);
}
