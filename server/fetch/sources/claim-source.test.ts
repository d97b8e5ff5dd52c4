import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { tarOf } from "../../../test/fixtures/oci.ts";
import { identityModel } from "../../../test/fixtures/models/arithmetic.ts";
import type { PodReport } from "../../contract.ts";
import { storageNames } from "../folder/storage-names.ts";
import { assertFails, fetchInto } from "../test-fetch.ts";
import { treeDigest } from "../model/tree-digest.ts";

/** A name for each rule, as the storage that it is about makes them beside a file or folder. */
const ownNames = (beside: string): string[] =>
  storageNames.map(
    ({ shown }) =>
      ({
        "._*": `._${beside}`,
        ".nfs*": ".nfs00000000004a1b2c0000001f",
        ".fuse_hidden*": ".fuse_hidden0000000500000001",
        ".Trash-*": ".Trash-1000",
      })[shown] ?? shown,
  );
const model = identityModel();
const directory = await mkdtemp(join(tmpdir(), "slipway-claim-"));
const claim = join(directory, "claim");
after(() => rm(directory, { recursive: true }));
beforeEach(async () => {
  await rm(claim, { recursive: true, force: true });
  await mkdir(join(claim, "nets/direction v1"), { recursive: true });
  await writeFile(join(claim, "nets/direction v1/model.onnx"), model);
});

test("a file, a folder and the whole claim", async () => {
  for (const uri of [
    "pvc://models/nets/direction%20v1/model.onnx",
    "pvc://models/nets/direction v1",
    "pvc://models/nets/direction%20v1/",
  ]) {
    const report = await fetched(uri);
    assert.ok(report.ok, `${uri}: ${JSON.stringify(report)}`);
    assert.deepEqual(await readdir(join(directory, "model")), ["model.onnx"]);
  }
  for (const uri of ["pvc://models", "pvc://models/"]) {
    const report = await fetched(uri);
    assert.ok(report.ok, JSON.stringify(report));
    assert.deepEqual(await readdir(join(directory, "model")), ["nets"]);
  }
});

test("a folder and a tar of it have one digest", async () => {
  await writeFile(join(claim, "packed"), await tarOf([{ header: { name: "model.onnx" }, content: model }]));
  const reports = [await fetched("pvc://models/nets/direction%20v1"), await fetched("pvc://models/packed")];
  const digests = reports.map((report) => (report.ok ? report.digest : report.message));
  assert.equal(digests[0], digests[1]);
});

test("what storage makes by itself is neither copied nor counted, at any depth", async () => {
  const bare = await digestOf("pvc://models/nets");
  for (const [place, beside] of [
    ["nets", "direction v1"],
    ["nets/direction v1", "model.onnx"],
  ] as const) {
    for (const name of ownNames(beside)) {
      await mkdir(join(claim, place, name), { recursive: true });
      await writeFile(join(claim, place, name, "other.onnx"), "x");
      assert.equal(await digestOf("pvc://models/nets"), bare, `${place}/${name}`);
      assert.deepEqual(await readdir(join(directory, "model"), { recursive: true }), [
        "direction v1",
        "direction v1/model.onnx",
      ]);
      await rm(join(claim, place, name), { recursive: true });
      await writeFile(join(claim, place, name), "x");
      assert.equal(await digestOf("pvc://models/nets"), bare, `${place}/${name}, a file`);
      await rm(join(claim, place, name));
    }
  }
});

test("a name that only looks like one of them counts", async () => {
  const bare = await digestOf("pvc://models/nets");
  const storage = ["snapshot", ".snapshot-1", ".nfsrc", ".nfs", ".Trash-can", ".zfs.txt", "lost"];
  const tools = ["._model.onnx", "._", "desktop.ini.txt", ".gitignore", "huggingface", ".cache"];
  for (const name of [...storage, ...tools]) {
    await writeFile(join(claim, "nets", name), "x");
    assert.notEqual(await digestOf("pvc://models/nets"), bare, name);
    await rm(join(claim, "nets", name));
  }
});

test("what a desktop or a tool notes breaks no record, and one that counts it is met", async () => {
  const bare = await digestOf("pvc://models/nets/direction v1");
  const names = [
    ".DS_Store",
    "._model.onnx",
    "Thumbs.db",
    ".cache/huggingface/download/model.onnx.metadata",
    ".git/HEAD",
  ];
  for (const name of names) {
    await mkdir(join(claim, "nets/direction v1", name, ".."), { recursive: true });
    await writeFile(join(claim, "nets/direction v1", name), "x");
  }
  const uri = "pvc://models/nets/direction v1";
  assert.equal(await digestOf(uri, { SLIPWAY_RECORDED_DIGEST: bare }), bare);
  const sha256 = (content: Uint8Array | string): string => createHash("sha256").update(content).digest("hex");
  const counted = treeDigest(
    new Map([
      ["model.onnx", { size: model.byteLength, sha256: sha256(model) }],
      ...names.map((name) => [name, { size: 1, sha256: sha256("x") }] as const),
    ]),
  );
  assert.equal(await digestOf(uri, { SLIPWAY_RECORDED_DIGEST: counted }), counted);
});

test("a snapshot that comes or goes breaks no record", async () => {
  const recorded = { SLIPWAY_RECORDED_DIGEST: await digestOf("pvc://models/nets") };
  await mkdir(join(claim, "nets/.snapshot/hourly.0"), { recursive: true });
  await writeFile(join(claim, "nets/.snapshot/hourly.0/model.onnx"), model);
  assert.equal(await digestOf("pvc://models/nets", recorded), recorded.SLIPWAY_RECORDED_DIGEST);
});

test("a record or a demand that counts what storage made is met while that is there", async () => {
  const sha256 = (content: Uint8Array | string): string => createHash("sha256").update(content).digest("hex");
  const counted = (names: readonly string[]): string =>
    treeDigest(
      new Map([
        ["direction v1/model.onnx", { size: model.byteLength, sha256: sha256(model) }],
        ...names.map((name) => [name, { size: 3, sha256: sha256("old") }] as const),
      ]),
    );
  const names = [
    ".snapshot/hourly.0/model.onnx",
    ".snapshot/hourly.0/.zfs/x",
    "direction v1/.nfs00ab00cd00ef00120000001a",
  ];
  for (const name of [...names, "lost+found/x"]) {
    await mkdir(join(claim, "nets", name, ".."), { recursive: true });
    await writeFile(join(claim, "nets", name), "old");
  }
  const digest = counted(names);
  for (const key of ["SLIPWAY_RECORDED_DIGEST", "SLIPWAY_MODEL_DIGEST"]) {
    assert.equal(await digestOf("pvc://models/nets", { [key]: digest }), digest);
  }
  assert.deepEqual(await readdir(join(directory, "model")), ["direction v1"]);

  await rm(join(claim, "nets/.snapshot/hourly.0/.zfs"), { recursive: true });
  const fetchedAnew = await fetched("pvc://models/nets", { SLIPWAY_RECORDED_DIGEST: digest });
  assertFails(fetchedAnew, "VersionReused", new RegExp(`and its uri now gives ${counted([])}`));
  const bound = { SLIPWAY_RECORDED_DIGEST: digest, SLIPWAY_FETCH_SIZE_LIMIT_BYTES: String(model.byteLength + 5) };
  assertFails(await fetched("pvc://models/nets", bound), "VersionReused", /now gives/);
});

test("a record is judged as before where storage's own folder holds a link that leads out", async () => {
  await mkdir(join(claim, "nets/.snapshot"));
  await symlink("/etc/hostname", join(claim, "nets/.snapshot/out"));
  const other = { SLIPWAY_RECORDED_DIGEST: `sha256:${"1".repeat(64)}` };
  assertFails(await fetched("pvc://models/nets", other), "VersionReused", /was first resolved to sha256:1+/);
});

test("a model in a snapshot is served from there when the uri says so", async () => {
  await mkdir(join(claim, ".snapshot/hourly.0"), { recursive: true });
  await writeFile(join(claim, ".snapshot/hourly.0/model.onnx"), model);
  await digestOf("pvc://models/.snapshot/hourly.0");
  assert.deepEqual(await readdir(join(directory, "model")), ["model.onnx"]);
});

test("what lies outside the claim is not read, whatever leads there", async () => {
  await writeFile(join(directory, "secret.onnx"), model);
  await mkdir(join(directory, "claim-beside"), { recursive: true });
  await writeFile(join(directory, "claim-beside/model.onnx"), model);
  await symlink("../secret.onnx", join(claim, "up.onnx"));
  await symlink("../claim-beside", join(claim, "beside"));
  await symlink("/etc", join(claim, "etc"));
  for (const path of [
    "up.onnx",
    "beside",
    "beside/model.onnx",
    "etc/hostname",
    "../secret.onnx",
    "%2e%2e/secret.onnx",
    "nets/../../secret.onnx",
  ]) {
    assertFails(await fetched(`pvc://models/${path}`), "UnsafeArchive", /leads out of the claim/);
  }
  assertFails(await fetched("pvc://models/"), "UnsafeArchive", /a link that leads out of it or nowhere/);
});

test("nothing there, no claim in the uri, and none mounted", async () => {
  assertFails(
    await fetched("pvc://models/nothing"),
    "NotFound",
    /The claim holds nothing at "pvc:\/\/models\/nothing"/,
  );
  assertFails(await fetched("pvc://models/nets/direction%20v1/model.onnx/"), "NotFound", /holds nothing/);
  for (const uri of ["pvc://", "pvc:///path", "pvc://Models/x", "pvc://a_b/x", "pvc://-a/x"]) {
    assertFails(await fetched(uri), "UnsupportedSource", /names no claim\. Write pvc:\/\/claim\/path/);
  }
  for (const uri of ["pvc://models/%zz", "pvc://models/%00"]) {
    assertFails(await fetched(uri), "UnsupportedSource", /an escape \(%\)/);
  }
  await rm(claim, { recursive: true });
  assertFails(await fetched("pvc://models/x"), "InvalidConfiguration", /is not mounted into the step/);
});

test("what is no model, and a model above the bound", async () => {
  await writeFile(join(claim, "page.onnx"), "<!DOCTYPE html>");
  assertFails(await fetched("pvc://models/page.onnx"), "NotAModel", /web page/);
  const bound = { SLIPWAY_FETCH_SIZE_LIMIT_BYTES: "50" };
  assertFails(await fetched("pvc://models/nets", bound), "TooLarge", /larger than the 50 bytes/);
});

async function digestOf(uri: string, environment: Readonly<Record<string, string>> = {}): Promise<string> {
  const report = await fetched(uri, environment);
  assert.ok(report.ok, JSON.stringify(report));
  return report.digest;
}

async function fetched(uri: string, environment: Readonly<Record<string, string>> = {}): Promise<PodReport> {
  const report = await fetchInto(directory, {
    SLIPWAY_MODEL_URI: uri,
    SLIPWAY_CLAIM_DIRECTORY: claim,
    ...environment,
  });
  assert.ok(!JSON.stringify(report).includes(directory), "the report tells a path of the pod");
  return report;
}
