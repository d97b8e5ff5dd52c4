import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { tarOf } from "../../test/fixtures/oci.ts";
import { identityModel } from "../../test/fixtures/models/arithmetic.ts";
import type { PodReport } from "../contract.ts";
import { assertFails, fetchInto } from "./test-fetch.ts";
import { treeDigest } from "./model/tree-digest.ts";

const model = identityModel({ dims: ["N", 2] });
const modelSha = createHash("sha256").update(model).digest("hex");

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "slipway-file-"));
});
after(() => rm(directory, { recursive: true }));
beforeEach(async () => {
  await rm(join(directory, "source"), { recursive: true, force: true });
  await mkdir(join(directory, "source"));
});

describe("file://", () => {
  test("a model is copied, and its digest is that of its bytes", async () => {
    const uri = await source("net.onnx", model);
    const report = await fetched({ SLIPWAY_MODEL_URI: uri });
    assert.ok(report.ok, JSON.stringify(report));
    assert.deepEqual(
      { ...report, seconds: 0, signature: "" },
      { ok: true, stage: "Download", digest: `sha256:${modelSha}`, bytes: model.byteLength, seconds: 0, signature: "" },
    );
    assert.deepEqual(await readFile(join(directory, "model", "net.onnx")), Buffer.from(model));
  });

  test("a model in gzip is unpacked, and its digest is that of the model", async () => {
    const report = await fetched({ SLIPWAY_MODEL_URI: await source("net.onnx.gz", gzipSync(model)) });
    assert.ok(report.ok, JSON.stringify(report));
    assert.equal(report.digest, `sha256:${modelSha}`);
    assert.deepEqual(await readFile(join(directory, "model", "net.onnx")), Buffer.from(model));
  });

  test("a model in zstd is unpacked, and its digest is that of the model", async () => {
    const report = await fetched({ SLIPWAY_MODEL_URI: await source("net.onnx.zst", zstdCompressSync(model)) });
    assert.ok(report.ok, JSON.stringify(report));
    assert.equal(report.digest, `sha256:${modelSha}`);
    assert.deepEqual(await readFile(join(directory, "model", "net.onnx")), Buffer.from(model));
  });

  test("a model under another name becomes model.onnx", async () => {
    const report = await fetched({ SLIPWAY_MODEL_URI: await source("weights-final", model) });
    assert.ok(report.ok);
    assert.deepEqual(await readdir(join(directory, "model")), ["model.onnx"]);
  });

  test("a folder, a tar and a tar+gzip of the same files have the same digest", async () => {
    await source("folder/model.onnx", model);
    await source("folder/labels/names.txt", Buffer.from("a\nb\n"));
    const tar = await tarOf([
      { header: { name: "labels/names.txt" }, content: Buffer.from("a\nb\n") },
      { header: { name: "model.onnx" }, content: model },
    ]);
    const uris = [
      pathToFileURL(join(directory, "source/folder")).href,
      await source("packed", tar),
      await source("packed.bin", gzipSync(tar)),
    ];
    const names = createHash("sha256").update("a\nb\n").digest("hex");
    const expected = treeDigest(
      new Map([
        ["model.onnx", { size: model.byteLength, sha256: modelSha }],
        ["labels/names.txt", { size: 4, sha256: names }],
      ]),
    );
    for (const uri of uris) {
      const report = await fetched({ SLIPWAY_MODEL_URI: uri });
      assert.ok(report.ok, JSON.stringify(report));
      assert.equal(report.digest, expected);
    }
  });

  test("a volume as Kubernetes projects it is read through its links", async () => {
    await source("volume/..2026_11_24/model.onnx", model);
    await symlink("..2026_11_24", join(directory, "source/volume/..data"));
    await symlink("..data/model.onnx", join(directory, "source/volume/model.onnx"));
    const report = await fetched({ SLIPWAY_MODEL_URI: pathToFileURL(join(directory, "source/volume")).href });
    assert.ok(report.ok, JSON.stringify(report));
    assert.deepEqual(await readdir(join(directory, "model")), ["model.onnx"]);
  });

  test("a folder that Kubernetes projects as one link is read, and no other link to a folder", async () => {
    await source("volume/..2026_11_24/nets/model.onnx", model);
    await symlink("..2026_11_24", join(directory, "source/volume/..data"));
    await symlink("..data/nets", join(directory, "source/volume/nets"));
    const volume = { SLIPWAY_MODEL_URI: pathToFileURL(join(directory, "source/volume")).href };
    const report = await fetched(volume);
    assert.ok(report.ok, JSON.stringify(report));
    assert.deepEqual(await readdir(join(directory, "model"), { recursive: true }), ["nets", "nets/model.onnx"]);
    for (const [name, target, message] of [
      ["round", ".", /"round" .* leads out of it/],
      ["nets/round", "..", /neither a file nor a folder/],
      ["nets/round", "../../..data/nets", /neither a file nor a folder/],
    ] as const) {
      await symlink(target, join(directory, "source/volume", name));
      assertFails(await fetched(volume), "UnsafeArchive", message);
      await rm(join(directory, "source/volume", name));
    }
  });

  test("a link that leaves the folder is refused", async () => {
    await source("secret", Buffer.from("secret"));
    for (const [name, target] of [
      ["up", "../secret"],
      ["absolute", "/etc/passwd"],
      ["nowhere", "nothing"],
    ] as const) {
      await source(`${name}/model.onnx`, model);
      await symlink(target, join(directory, "source", name, "weights.bin"));
      const report = await fetched({ SLIPWAY_MODEL_URI: pathToFileURL(join(directory, "source", name)).href });
      assertFails(report, "UnsafeArchive", /"weights\.bin".*leads out of it or nowhere/);
    }
  });

  test("a pipe does not hold it up", async () => {
    const pipe = join(directory, "source/pipe");
    await promisify(execFile)("mkfifo", [pipe]);
    assertFails(
      await fetched({ SLIPWAY_MODEL_URI: pathToFileURL(pipe).href }),
      "UnsafeArchive",
      /neither a file nor a folder/,
    );
    const folder = pathToFileURL(join(directory, "source")).href;
    assertFails(await fetched({ SLIPWAY_MODEL_URI: folder }), "UnsafeArchive", /neither a file nor a folder/);
  });

  test("nothing there, and no local path", async () => {
    assertFails(await fetched({ SLIPWAY_MODEL_URI: "file:///nothing/here" }), "NotFound", /"file:\/\/\/nothing\/here"/);
    assertFails(await fetched({ SLIPWAY_MODEL_URI: "file://host/path" }), "UnsupportedSource", /three slashes/);
  });
});

describe("before anything is fetched", () => {
  test("a scheme that is not known", async () => {
    for (const uri of ["model.onnx", "constructor://x", "OCI://registry/m", "ftp://user:hidden@host/model.onnx"]) {
      const report = await fetched({ SLIPWAY_MODEL_URI: uri });
      assertFails(report, "UnsupportedSource", /Use one of oci:\/\/, file:\/\/, https:\/\//);
      assert.ok(!JSON.stringify(report).includes("hidden"));
    }
  });

  test("a mistake in the environment", async () => {
    assertFails(await fetched({}), "InvalidConfiguration", /SLIPWAY_MODEL_URI is missing/);
  });

  test("a Secret that is named and not there, whatever the source", async () => {
    const secret = { SLIPWAY_CREDENTIALS_SECRET: "login", SLIPWAY_CREDENTIALS_DIRECTORY: join(directory, "secret") };
    const uri = await source("net.onnx", model);
    assertFails(await fetched({ SLIPWAY_MODEL_URI: uri, ...secret }), "Unauthorized", /no Secret "login"/);
    await mkdir(join(directory, "secret"));
    await writeFile(join(directory, "secret", "token"), "abc");
    assert.ok((await fetched({ SLIPWAY_MODEL_URI: uri, ...secret })).ok);
  });

  test("a demand that contradicts the record", async () => {
    const [demanded, recorded] = ["1", "2"].map((digit) => `sha256:${digit.repeat(64)}`) as [string, string];
    const digests = { SLIPWAY_MODEL_DIGEST: demanded, SLIPWAY_RECORDED_DIGEST: recorded };
    assertFails(
      await fetched({ SLIPWAY_MODEL_URI: "file:///nothing/here", ...digests }),
      "VersionReused",
      /now demands sha256:1+/,
    );
  });
});

test("what an attempt before left behind is gone", async () => {
  await mkdir(join(directory, "model", "nets"), { recursive: true });
  await writeFile(join(directory, "model", "nets", "other.onnx"), "half");
  assert.ok((await fetched({ SLIPWAY_MODEL_URI: await source("model.onnx", model) })).ok);
  assert.deepEqual(await readdir(join(directory, "model")), ["model.onnx"]);
});

test("an attempt that is stopped says so", async () => {
  const uri = await source("model.onnx", model);
  assertFails(
    await fetched({ SLIPWAY_MODEL_URI: uri }, AbortSignal.abort()),
    "SourceUnavailable",
    /stopped before its end/,
  );
});

test("a folder that cannot be made is told without its path", async () => {
  const uri = await source("model.onnx", model);
  const report = await fetched({ SLIPWAY_MODEL_URI: uri, SLIPWAY_MODEL_DIRECTORY: join(fileURLToPath(uri), "model") });
  assertFails(report, "Crashed", /ENOTDIR/);
  assert.ok(!report.ok && !report.message.includes(directory), JSON.stringify(report));
});

async function source(name: string, content: Uint8Array): Promise<string> {
  const path = join(directory, "source", name);
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, content);
  return pathToFileURL(path).href;
}

function fetched(environment: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<PodReport> {
  return fetchInto(directory, { SLIPWAY_MODEL_VERSION: "v1", ...environment }, signal);
}
