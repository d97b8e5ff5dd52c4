/**
 * The rules of the CRD on a real API server: what they refuse, and the two laws that hold whatever the spec is. No
 * rule may refuse a write to /scale, and none may refuse going to a version that is listed, forward or back.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { load } from "js-yaml";
import { kinds } from "../../../operator/api/kinds.ts";
import { type Client, createClient } from "../../../operator/kube/transport/client.ts";
import { systemClock } from "../../../operator/kube/clock.ts";
import { kubeconfigAccess } from "../../../operator/kube/transport/credentials.ts";
import { ApiError } from "../../../operator/kube/transport/errors.ts";
import { createMetrics } from "../../../operator/kube/metrics.ts";
import type { KubeObject } from "../../../operator/kube/transport/resources.ts";
import { createTransport, type Transport } from "../../../operator/kube/transport/transport.ts";
import { CommandError } from "../../cluster/command.ts";
import { type ControlPlane, startControlPlane } from "../../cluster/control-plane.ts";
import { established } from "../established.ts";
import { rest, versions } from "./arbitrary-spec.ts";
import { digest, type Json, model } from "./harness.ts";

const crd = join(import.meta.dirname, "..", "..", "..", "crds", "modeldeployment.yaml");
const fieldManager = "test";

let plane: ControlPlane;
let transport: Transport;
let client: Client;

before(async () => {
  plane = await startControlPlane({ name: "crd-rules" });
  await plane.kubectl(["apply", "-f", crd]);
  await established(plane);
  transport = createTransport({
    ...(await kubeconfigAccess({ file: plane.adminKubeconfigPath, clock: systemClock })),
    clock: systemClock,
    random: Math.random,
    metrics: createMetrics(),
    userAgent: "slipway-test",
  });
  client = createClient(transport, { mayWrite: () => true });
});

after(async () => {
  await transport.close();
  await plane.stop();
});

let serial = 0;

function named(spec: object, name = `m${++serial}`): Json {
  const manifest: Json = model(name);
  return { ...manifest, metadata: { name, namespace: "default" }, spec };
}

function create(manifest: Json): Promise<KubeObject> {
  return client.create<KubeObject>(kinds.model, manifest, { fieldManager });
}

function patch(name: string, body: object, subresource?: string): Promise<KubeObject> {
  const options = { type: "merge", fieldManager, ...(subresource === undefined ? {} : { subresource }) } as const;
  return client.patch<KubeObject>(kinds.model, "default", name, body, options);
}

/** The API server's words when it refuses; undefined when it takes it. */
async function refusal(write: Promise<unknown>): Promise<string | undefined> {
  try {
    await write;
    return undefined;
  } catch (error) {
    if (error instanceof ApiError && error.status === 422) return error.message;
    throw error;
  }
}

const edit = fc.oneof(
  rest,
  versions.map((listed) => ({ versions: listed })),
);

test("the specs that are tried have every field of the CRD", async () => {
  const definition = load(await readFile(crd, "utf8")) as Json;
  const { spec } = definition.spec.versions[0].schema.openAPIV3Schema.properties;
  const samples = fc.sample(fc.tuple(versions, rest), { numRuns: 500, seed: 1 });
  const tried = new Set(samples.flatMap(([listed, other]) => pathsOf({ version: "v1", versions: listed, ...other })));
  assert.deepEqual(
    fieldsOf(spec).filter((path) => !tried.has(path)),
    [],
  );
});

/** Paths of all fields of a schema, items of lists under the list's own path; what is free-form has none. */
function fieldsOf(schema: Json, path = ""): readonly string[] {
  const inner = Object.entries<Json>(schema.properties ?? schema.items?.properties ?? {});
  return inner.flatMap(([name, field]) => [`${path}.${name}`, ...fieldsOf(field, `${path}.${name}`)]);
}

function pathsOf(value: unknown, path = ""): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((item) => pathsOf(item, path));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, field]) => [`${path}.${name}`, ...pathsOf(field, `${path}.${name}`)]);
}

test("no rule refuses a write to /scale or a listed version, whatever was edited before", {
  timeout: 300_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      versions,
      rest,
      fc.array(edit, { maxLength: 4 }),
      fc.nat(10_000),
      fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
      async (listed, spec, edits, replicas, choices) => {
        const manifest = named({ ...spec, version: listed[0]?.name, versions: listed });
        const { name } = manifest.metadata;
        assert.equal(await refusal(create(manifest)), undefined, "a rule that forbids what the schema allows");
        // As the operator would have it: a status with digests on record is no reason for a refusal either.
        await patch(
          name,
          { status: { currentVersion: "v1", versions: [{ name: "v1", digest: digest("3") }] } },
          "status",
        );
        for (const change of edits) await refusal(patch(name, { spec: change })); // it may be, and must change nothing then
        assert.equal(await refusal(patch(name, { spec: { replicas } }, "scale")), undefined);
        const now: Json = await client.get(kinds.model, "default", name);
        assert.equal(now.spec.replicas, replicas);
        for (const choice of choices) {
          const version = now.spec.versions[choice % now.spec.versions.length].name;
          assert.equal(await refusal(patch(name, { spec: { version } })), undefined, version);
        }
        await client.remove(kinds.model, "default", name, { uid: now.metadata.uid });
      },
    ),
    { numRuns: 100 },
  );
});

test("an edit that was taken can be reverted as a whole, whatever it was", { timeout: 300_000 }, async () => {
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(versions, rest, versions, rest, fc.nat(), async (listed, spec, others, other, choice) => {
      const { metadata } = await create(named({ ...spec, version: listed[0]?.name, versions: listed }));
      const { spec: original }: Json = await client.get(kinds.model, "default", metadata.name);
      const edited = { ...other, version: others[choice % others.length]?.name, versions: others };
      const word = await refusal(replaceSpec(metadata.name, edited));
      if (word === undefined) {
        taken += 1;
        assert.equal(await refusal(replaceSpec(metadata.name, original)), undefined);
      } else {
        assert.match(word, /has a digest, so neither that nor its uri can be changed/, "the one rule on edits");
      }
      await client.remove(kinds.model, "default", metadata.name, { uid: metadata.uid });
    }),
    { numRuns: 100 },
  );
  assert.ok(taken >= 10, `only ${taken} edits were taken`);
});

/** Fields that are left out go. */
function replaceSpec(name: string, value: object): Promise<KubeObject> {
  const body = [{ op: "replace", path: "/spec", value }];
  return client.patch<KubeObject>(kinds.model, "default", name, body, { type: "json", fieldManager });
}

const v1 = { name: "v1", uri: "oci://registry.test/m:1" };

const refusedSpecs: readonly { readonly what: string; readonly spec: object; readonly says: RegExp }[] = [
  {
    what: "a version that is not listed",
    spec: { version: "v9", versions: [v1] },
    says: /spec\.version: .*there is no version v9 in spec\.versions: add an entry of that name/,
  },
  { what: "no versions", spec: { version: "v1", versions: [] }, says: /spec\.versions.* at least 1 item/ },
  { what: "a version twice", spec: { version: "v1", versions: [v1, v1] }, says: /Duplicate value/ },
  {
    what: "more versions than 32",
    spec: {
      version: "v1",
      versions: [v1, ...Array.from({ length: 32 }, (_, index) => ({ ...v1, name: `w${index}` }))],
    },
    says: /must have at most 32 items/,
  },
  {
    what: "a version name with a slash",
    spec: { version: "a/b", versions: [{ ...v1, name: "a/b" }] },
    says: /should match/,
  },
  {
    what: "a digest that is none",
    spec: { version: "v1", versions: [{ ...v1, digest: "latest" }] },
    says: /digest.*should match/,
  },
  {
    what: "less than no replicas",
    spec: { version: "v1", versions: [v1], replicas: -1 },
    says: /greater than or equal to 0/,
  },
  { what: "replicas as text", spec: { version: "v1", versions: [v1], replicas: "2" }, says: /must be of type integer/ },
  {
    what: "a percentage above all",
    spec: { version: "v1", versions: [v1], rollout: { maxUnavailable: "101%" } },
    says: /should match/,
  },
  {
    what: "a size of nothing",
    spec: { version: "v1", versions: [v1], source: { sizeLimit: 0 } },
    says: /sizeLimit.* greater than or equal to 1/,
  },
  {
    what: "GPU memory of nothing",
    spec: { version: "v1", versions: [v1], gpu: { minMemory: 0 } },
    says: /minMemory.* greater than or equal to 1/,
  },
  {
    what: "a product that no label can have as its value",
    spec: { version: "v1", versions: [v1], gpu: { products: ["NVIDIA L4"] } },
    says: /products\[0\].*should match/,
  },
  {
    what: "a provider behind the one that always works",
    spec: { version: "v1", versions: [v1], server: { session: { providers: ["cpu", "cuda"] } } },
    says: /cpu always works, so nothing behind it is ever tried: name it last/,
  },
  {
    what: "a provider twice",
    spec: { version: "v1", versions: [v1], server: { session: { providers: ["cuda", "cuda"] } } },
    says: /each provider can be named once/,
  },
  {
    what: "larger batches than are ever measured",
    spec: { version: "v1", versions: [v1], server: { batching: { maxSize: 33 } } },
    says: /maxSize.* less than or equal to 32/,
  },
  {
    what: "a variable that Slipway sets",
    spec: { version: "v1", versions: [v1], server: { env: [{ name: "ORT_DISABLE_TELEMETRY", value: "0" }] } },
    says: /ORT_DISABLE_TELEMETRY is set by Slipway: remove it/,
  },
];

/** Where a uri goes wrong, and the whole of what is said of it. */
const refusedUris: readonly (readonly [uri: string, says: string])[] = [
  [
    "gs://models/direction.onnx",
    "this scheme is not known: a uri begins with oci://, https://, http://, s3://, hf://, pvc:// or file://",
  ],
  ["model.onnx", "a uri begins with its scheme: oci://, https://, http://, s3://, hf://, pvc:// or file://"],
  ["", "a uri begins with its scheme: oci://, https://, http://, s3://, hf://, pvc:// or file://"],
  ["S3://models/direction.onnx", "write the scheme before :// in lower-case letters"],
  ["HTTPS://files.test/m", "write the scheme before :// in lower-case letters"],
  ["oci://registry.test", "a host or a repository is missing: write oci://HOST/REPOSITORY:TAG"],
  ["oci:///m:1", "a host or a repository is missing: write oci://HOST/REPOSITORY:TAG"],
  ["https://files.test/", "a host or a path is missing: write https://HOST/PATH"],
  ["http://files.test", "a host or a path is missing: write https://HOST/PATH"],
  ["s3://models", "a bucket, or the / behind it, is missing: write s3://BUCKET/KEY"],
  ["hf://team", "an owner or a repository is missing: write hf://OWNER/REPOSITORY"],
  ["pvc://Claim/m", "no name of a claim: write pvc://CLAIM/PATH"],
  ["file://host/m", "an absolute path is missing: write file:///PATH"],
  [`https://files.test/m?${"s".repeat(8192)}`, "a uri has at most 8192 characters"],
];

for (const [uri, says] of refusedUris) {
  test(`the uri ${uri.slice(0, 40)} is refused in one sentence that says how to write it`, async () => {
    const said = (await refusal(create(named({ version: "v1", versions: [{ ...v1, uri }] })))) ?? "";
    assert.ok(said.endsWith(`: ${says}`), said);
    assert.equal(said.split("spec.").length - 1, 1, said);
  });
}

test("a signed uri with a session token is taken, up to 8192 characters", async () => {
  const uri = `https://files.test/m?${"s".repeat(8192)}`.slice(0, 8192);
  const { metadata } = await create(named({ version: "v1", versions: [{ ...v1, uri }] }));
  // As is going on to another, and back.
  assert.equal(
    await refusal(
      patch(metadata.name, {
        spec: {
          versions: [
            { ...v1, uri },
            { ...v1, name: "v2" },
          ],
        },
      }),
    ),
    undefined,
  );
  for (const version of ["v2", "v1"])
    assert.equal(await refusal(patch(metadata.name, { spec: { version } })), undefined);
});

test("kubectl says one line of a uri that is too long, and keeps no copy of more than 256 KiB unless asked to", async () => {
  const apply = (spec: object, ...words: string[]): Promise<unknown> =>
    plane.kubectl(["apply", ...words, "-f", "-"], { input: JSON.stringify(named(spec)) });
  const long = `https://files.test/m?${"s".repeat(8192)}`;
  await assert.rejects(apply({ version: "v1", versions: [{ ...v1, uri: long }] }, "--server-side"), (error) => {
    assert.ok(error instanceof CommandError);
    assert.equal(error.stderr.trim().split("\n").length, 1, error.stderr);
    assert.match(error.stderr, /spec\.versions\[0\]\.uri: Invalid value: .*: a uri has at most 8192 characters$/m);
    return true;
  });
  const listed = Array.from({ length: 32 }, (_, index) => ({ name: `v${index + 1}`, uri: long.slice(0, 8192) }));
  await assert.rejects(apply({ version: "v1", versions: listed }), (error) => {
    assert.ok(error instanceof CommandError);
    assert.match(error.stderr, /metadata\.annotations: Too long: may not be more than 262144 bytes/);
    return true;
  });
  await apply({ version: "v1", versions: listed }, "--server-side");
});

for (const { what, spec, says } of refusedSpecs) {
  test(`${what} is refused, with what to do`, async () =>
    assert.match((await refusal(create(named(spec)))) ?? "", says));
}

const modelNames: readonly { readonly name: string; readonly says: RegExp | undefined }[] = [
  { name: "m".repeat(52), says: undefined },
  { name: "m".repeat(53), says: /at most 52 characters/ },
  { name: "1model", says: /starts with a lower-case letter/ },
  { name: "my.model", says: /holds only lower-case letters, digits and '-'/ },
];

for (const { name, says } of modelNames) {
  test(`${name} is ${says === undefined ? "a" : "no"} name of a model`, async () => {
    const said = await refusal(create(named({ version: "v1", versions: [v1] }, name)));
    if (says === undefined) assert.equal(said, undefined);
    else assert.match(said ?? "", says);
  });
}

test("an entry with a digest keeps it and its uri, or loses it; one without may be corrected, or given one; any may go", async () => {
  const frozen = { ...v1, digest: digest("1") };
  const open = { name: "v2", uri: "oci://registry.test/m:2" };
  const { metadata } = await create(named({ version: "v1", versions: [frozen, open] }));
  const to = (listed: readonly object[]): Promise<string | undefined> =>
    refusal(patch(metadata.name, { spec: { versions: listed } }));
  const says = /version v1 has a digest, so neither that nor its uri can be changed: add an entry with another name/;
  assert.match((await to([{ ...frozen, uri: "oci://registry.test/other:1" }, open])) ?? "", says);
  assert.match((await to([{ ...frozen, digest: digest("2") }, open])) ?? "", says);
  assert.equal(await to([frozen, { ...open, uri: "oci://registry.test/corrected:2" }]), undefined);
  assert.equal(await to([{ ...open, digest: digest("2") }, frozen]), undefined, "the order does not matter");
  assert.equal(await to([frozen]), undefined);
  // As it is reverted when it was added; what the name stands for is on record, which no edit of the spec changes.
  assert.equal(await to([v1]), undefined);
});

test("the longest spec that the schema allows is within the cost of the rules and the size of an object", async () => {
  const listed = Array.from({ length: 32 }, (_, index) => ({
    name: `${"v".repeat(60)}${String(index).padStart(3, "0")}`,
    uri: `oci://registry.test/${"m".repeat(8170)}`,
    digest: digest("1"),
  }));
  const env = Array.from({ length: 64 }, (_, index) => ({ name: `NAME_${index}`, value: "x".repeat(4096) }));
  const { metadata } = await create(named({ version: listed[31]?.name, versions: listed, server: { env } }));
  assert.equal(await refusal(patch(metadata.name, { spec: { version: listed[0]?.name } })), undefined);
});
