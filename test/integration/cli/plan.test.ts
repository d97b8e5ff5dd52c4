import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { dump } from "js-yaml";
import type { Json, JsonObject } from "../../../operator/api/json.ts";
import { kinds } from "../../../operator/api/kinds.ts";
import { systemClock } from "../../../operator/kube/clock.ts";
import { kubeconfigAccess } from "../../../operator/kube/transport/credentials.ts";
import { ApiError } from "../../../operator/kube/transport/errors.ts";
import { createMetrics } from "../../../operator/kube/metrics.ts";
import { pathOf } from "../../../operator/kube/transport/resources.ts";
import { createTransport, type Transport } from "../../../operator/kube/transport/transport.ts";
import { checkModel } from "../../../cli/plan/check.ts";
import { modelSchema, type Schema } from "../../../cli/plan/schema.ts";
import { type Bench, digest, eventually, startBench } from "../operator/harness.ts";
import { slipway, withFolder } from "./slipway.ts";

const image = "registry.test/server:7";

let bench: Bench;
let transport: Transport;
let schema: Schema;
before(async () => {
  bench = await startBench({ kind: "ready", digest: digest("1") });
  transport = createTransport({
    ...(await kubeconfigAccess({ file: bench.plane.adminKubeconfigPath, clock: systemClock })),
    clock: systemClock,
    random: Math.random,
    metrics: createMetrics(),
    userAgent: "slipway-test",
  });
  schema = await modelSchema(new URL("../../../", import.meta.url));
});
after(async () => {
  await transport.close();
  await bench.stop();
});

interface Manifest {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: unknown;
}

/** What the API server says to a manifest, without keeping it: the object with its defaults, or its refusal. */
async function judged(object: object): Promise<{ readonly spec: unknown } | { readonly refusal: string }> {
  try {
    return await transport.request<Manifest>({
      method: "POST",
      path: pathOf(kinds.model, "default"),
      query: { dryRun: "All", fieldValidation: "Strict" },
      body: object,
    });
  } catch (error) {
    if (error instanceof ApiError && [400, 422].includes(error.status)) return { refusal: error.message };
    throw error;
  }
}

/** That both say the same, and where they take it, with the same defaults. */
async function assertAgreed(object: JsonObject): Promise<void> {
  const theirs = await judged(object);
  const { mistakes, model } = checkModel(object, { schema, namespace: "default", before: undefined });
  const shown = `${JSON.stringify(object)}\nhere: ${JSON.stringify(mistakes)}\nthere: ${JSON.stringify(theirs)}`;
  assert.equal(mistakes.length > 0, "refusal" in theirs, shown);
  if (!("refusal" in theirs)) assert.deepEqual(model?.spec, theirs.spec, shown);
}

function manifest(spec: object, metadata: object = { name: "judged" }): JsonObject {
  const head = { apiVersion: "slipway.dev/v1alpha1", kind: "ModelDeployment" };
  return JSON.parse(JSON.stringify({ ...head, metadata, spec })) as JsonObject;
}

const v1 = { name: "v1", uri: "oci://registry.test/digits:1" };
const good = { version: "v1", versions: [v1] };

describe("manifests are judged as a real API server judges them", () => {
  const cases: readonly (readonly [what: string, object: JsonObject])[] = [
    ["the least there is", manifest(good)],
    ["everything left open", manifest({ ...good, service: {}, rollout: {}, resources: {}, server: {} })],
    [
      "nulls",
      manifest({ ...good, replicas: null, service: null, server: { image: null }, rollout: { maxSurge: null } }),
    ],
    ["a null in a list", manifest({ ...good, versions: [null] })],
    ["a null for what is required", manifest({ version: null, versions: [v1] })],
    ["quantities as numbers and texts", manifest({ ...good, resources: { limits: { cpu: 1, memory: "1.5Gi" } } })],
    ["a quantity that is none", manifest({ ...good, resources: { limits: { cpu: "1 core" } } })],
    ["a surge as a number", manifest({ ...good, rollout: { maxSurge: 2, maxUnavailable: "25%" } })],
    ["a surge as a fraction", manifest({ ...good, rollout: { maxSurge: 1.5 } })],
    ["too large a number in an int-or-string", manifest({ ...good, rollout: { maxSurge: 10_001 } })],
    ["a number that no int32 holds", manifest({ ...good, rollout: { progressDeadlineSeconds: 2 ** 31 } })],
    ["a size of nothing", manifest({ ...good, source: { sizeLimit: 0 } })],
    ["less GPU memory than none", manifest({ ...good, gpu: { minMemory: -5 } })],
    ["a product that is no label's value", manifest({ ...good, gpu: { products: ["NVIDIA L4"] } })],
    ["an unknown field", manifest({ ...good, replica: 1 })],
    ["an unknown field in a list", manifest({ ...good, versions: [{ ...v1, url: "x" }] })],
    ["an unknown field in metadata", manifest(good, { name: "judged", lables: {} })],
    ["whatever is in a pod template", manifest({ ...good, podTemplate: { spec: { anything: [1, { b: null }] } } })],
    ["a name twice", manifest({ ...good, versions: [v1, { ...v1, uri: "oci://a/b:2" }] })],
    ["a version that is not there", manifest({ ...good, version: "v2" })],
    ["a variable of our own", manifest({ ...good, server: { env: [{ name: "SLIPWAY_CPU_LIMIT", value: "1" }] } })],
    ["min above max", manifest({ ...good, scaling: { min: 3, max: 2 } })],
    ["scaling without a most", manifest({ ...good, scaling: { min: 3 } })],
    ["a name with a capital", manifest(good, { name: "Judged" })],
    ["a name with a dot", manifest(good, { name: "jud.ged" })],
    ["a name that is too long", manifest(good, { name: "j".repeat(53) })],
    ["a label that is none", manifest(good, { name: "judged", labels: { a: "b c" } })],
    ["a label as a number", manifest(good, { name: "judged", labels: { a: 1 } })],
    ["a key that is none", manifest(good, { name: "judged", annotations: { "a b": "c" } })],
    ["emoji, counted as characters", manifest({ ...good, restartToken: "🙂".repeat(253) })],
    ["one more of them", manifest({ ...good, restartToken: "🙂".repeat(254) })],
  ];
  for (const [what, object] of cases) test(what, () => assertAgreed(object));

  test("values of every kind in every field", { timeout: 120_000 }, async () => {
    const paths = fieldPaths(schema.properties?.["spec"] ?? {}, []);
    assert.ok(paths.length > 30, `only ${paths.length} fields found`);
    const values: Json[] = [
      null,
      "",
      "x",
      "v1",
      "1",
      "100%",
      "1Gi",
      -1,
      0,
      1,
      1.5,
      80,
      100_000,
      2 ** 31,
      true,
      [],
      {},
      ["a"],
      { a: "b" },
      [{}],
    ];
    const edit = fc.record({ path: fc.constantFrom(...paths), value: fc.constantFrom(...values) });
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
        let spec: Json = good;
        for (const { path, value } of edits) spec = changed(spec, path, value);
        await assertAgreed(manifest(spec as object));
      }),
      // The same manifests each time: a suite that fails by chance helps nobody.
      { numRuns: 400, seed: 20_260_101 },
    );
  });
});

/** Every field below a schema; into lists by their first entry. */
function fieldPaths({ properties, items }: Schema, above: readonly string[]): string[][] {
  const own = above.length === 0 ? [] : [[...above]];
  const inside = Object.entries(properties ?? {}).flatMap(([key, property]) => fieldPaths(property, [...above, key]));
  return [...own, ...inside, ...(items === undefined ? [] : fieldPaths(items, [...above, "0"]))];
}

function changed(at: Json | undefined, [key, ...rest]: readonly string[], value: Json): Json {
  if (key === undefined) return value;
  if (key === "0") return [changed(Array.isArray(at) ? (at as readonly Json[])[0] : undefined, rest, value)];
  const object = typeof at === "object" && at !== null && !Array.isArray(at) ? (at as JsonObject) : {};
  return { ...object, [key]: changed(object[key], rest, value) };
}

describe("a change is judged as a real API server judges it", () => {
  const withDigest = { ...v1, digest: digest("1") };
  const changes: readonly (readonly [what: string, from: object, to: object])[] = [
    [
      "another digest under a name",
      { ...good, versions: [withDigest] },
      { ...good, versions: [{ ...v1, digest: digest("2") }] },
    ],
    ["a digest where there was none", good, { ...good, versions: [withDigest] }],
    [
      "an entry before the others",
      { ...good, versions: [withDigest] },
      { ...good, versions: [{ ...v1, name: "v0" }, withDigest] },
    ],
    ["a digest dropped", { ...good, versions: [withDigest] }, good],
  ];
  for (const [index, [what, from, to]] of changes.entries()) {
    test(what, () =>
      withFolder(async (directory) => {
        const name = `change-${index}`;
        const [old, next] = [join(directory, "old.yaml"), join(directory, "new.yaml")];
        await writeFile(old, dump(manifest(from, { name })));
        await writeFile(next, dump(manifest(to, { name })));
        await bench.plane.kubectl(["create", "-f", old]);
        const taken = await bench.plane.kubectl(["replace", "-f", next]).then(
          () => true,
          () => false,
        );
        const { code, stderr } = await slipway(["plan", "-f", next, "--previous", old]);
        assert.equal(code === 0, taken, stderr);
      }),
    );
  }
});

test("the objects that are shown are those that the operator makes", { timeout: 120_000 }, () =>
  withFolder(async (directory) => {
    const path = join(directory, "model.yaml");
    const spec = {
      version: "v1",
      versions: [{ ...v1, digest: digest("1") }],
      replicas: 2,
      resources: { requests: { cpu: "100m" }, limits: { cpu: "1", memory: "256Mi" } },
      scaling: { min: 2, max: 4 },
      networkPolicy: {},
      service: { annotations: { team: "digits" } },
    };
    await writeFile(path, dump(manifest(spec, { name: "shown" })));
    await bench.startOperator(["--server-image", image, "--namespace", "default"]);
    const installed = ["--server-image", image, "--operator-namespace", "default"];
    const { code, stdout, stderr } = await slipway(["plan", "-f", path, "-o", "json", ...installed]);
    assert.equal(code, 0, stderr);
    const [plan] = JSON.parse(stdout) as [
      { steps: { writes: { verb: string; kind: string; name: string; body: JsonObject }[] }[] },
    ];
    const created = plan.steps.flatMap(({ writes }) => writes).filter(({ verb }) => verb === "create");
    await bench.plane.kubectl(["apply", "-f", path]);
    await eventually("the model is ready", async () => {
      const status = await bench.status("shown");
      return status.conditions?.some(({ type, status: holds }) => type === "Ready" && holds === "True");
    });
    const shown = created.map(({ kind, name }) => `${kind}/${name}`);
    assert.deepEqual(await childrenOf("shown"), shown.toSorted(byCodeUnits));
    const kindsOfChildren = [
      "ConfigMap",
      "ControllerRevision",
      "Deployment",
      "HorizontalPodAutoscaler",
      "NetworkPolicy",
      "PodDisruptionBudget",
      "Service",
    ];
    assert.deepEqual(created.map(({ kind }) => kind).toSorted(byCodeUnits), kindsOfChildren);
    for (const { kind, name, body } of created) {
      const real = (await bench.get(kind, name)) as JsonObject;
      const wrong = missing(withoutUid(body), withoutUid(real), `${kind}/${name}`);
      assert.deepEqual(wrong, [], JSON.stringify(real));
    }
  }),
);

/** What belongs to a model in the cluster, of every kind that there is, as `Kind/name`. */
async function childrenOf(model: string): Promise<readonly string[]> {
  const resources = await bench.plane.kubectl(["api-resources", "--namespaced", "--verbs=list", "-o", "name"]);
  const every = resources.stdout.trim().split("\n").join(",");
  const { items } = (await bench.plane
    .kubectl(["get", every, "-n", "default", "-o", "json"])
    .then(({ stdout }) => JSON.parse(stdout))) as { readonly items: readonly Owned[] };
  const owned = items.filter(({ metadata }) =>
    metadata.ownerReferences?.some(({ kind, name }) => kind === "ModelDeployment" && name === model),
  );
  return owned.map(({ kind, metadata }) => `${kind}/${metadata.name}`).toSorted(byCodeUnits);
}

interface Owned {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[];
  };
}

function byCodeUnits(left: string, right: string): number {
  return left < right ? -1 : 1;
}

/** A new object's owner has no uid before the API server gives it one, and what hashes it differs. */
function withoutUid(object: JsonObject): JsonObject {
  return JSON.parse(
    JSON.stringify(object, (key, value: unknown) =>
      key === "uid" || key === "slipway.dev/applied" ? undefined : value,
    ),
  ) as JsonObject;
}

/** Paths of what was planned and is not there, or is something else. More may be there: the API server has defaults. */
function missing(planned: Json | undefined, real: Json | undefined, path: string): string[] {
  if (Array.isArray(planned)) {
    if (!Array.isArray(real) || planned.length !== real.length) return [path];
    return planned.flatMap((item: Json, index) => missing(item, (real as readonly Json[])[index], `${path}[${index}]`));
  }
  if (typeof planned === "object" && planned !== null) {
    const found = typeof real === "object" && real !== null && !Array.isArray(real) ? (real as JsonObject) : {};
    return Object.entries(planned).flatMap(([key, value]) => missing(value, found[key], `${path}.${key}`));
  }
  return planned === real ? [] : [`${path}: ${JSON.stringify(planned)} is ${JSON.stringify(real)}`];
}
