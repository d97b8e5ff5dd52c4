import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { open } from "node:fs/promises";
import { describe, test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { pushArtifact, pushBlob, pushIndex, pushManifest, tarOf } from "../../../fixtures/oci.ts";
import { assertFails, restless } from "../fetching.ts";
import { address, assertFetched, fetchTag, file, gzipped, layerType, model, registry, weights } from "./artifacts.ts";

describe("what oras push makes", () => {
  test("a file for each layer", async () => {
    const target = address();
    const manifest = await pushArtifact({ ...target, files: [model, weights] });
    assertFetched(await fetchTag(target.tag), manifest, [model, weights]);
  });

  test("a folder as one tar+gzip layer", async () => {
    const target = address();
    const manifest = await pushArtifact({ ...target, files: [model, weights], layers: "folder" });
    assertFetched(await fetchTag(target.tag), manifest, [model, weights]);
  });

  test("by digest, whatever the tag says", async () => {
    const manifest = await pushArtifact({ ...address(), files: [model] });
    assertFetched(await fetchTag(`moved@${manifest.digest}`), manifest, [model]);
  });

  test("the same signature however it was pushed", async () => {
    const [raw, folder] = [address(), address()];
    await pushArtifact({ ...raw, files: [model] });
    await pushArtifact({ ...folder, files: [model], layers: "folder" });
    const reports = [await fetchTag(raw.tag), await fetchTag(folder.tag)].map(({ report }) => report);
    const signatures = reports.map((report) => (report.ok ? report.signature : report.message));
    assert.match(signatures[0] ?? "", /^sha256:[0-9a-f]{64}$/);
    assert.equal(signatures[0], signatures[1]);
  });

  test("layers in Docker's media types", async () => {
    const target = address();
    const layer = await pushBlob(
      target,
      await gzipped([{ header: { name: "model.onnx" }, content: model.content }]),
      "application/vnd.docker.image.rootfs.diff.tar.gzip",
    );
    const manifest = await pushManifest(target, target.tag, [layer]);
    assertFetched(await fetchTag(target.tag), manifest, [model]);
  });
});

describe("what ModelPack's tools make", () => {
  const type = "application/vnd.cncf.model";
  const at = (path: string): Readonly<Record<string, string>> => ({ "org.cncf.model.filepath": path });

  test("raw layers, each a file under its path", async () => {
    const target = address();
    const layers = [
      { ...(await pushBlob(target, model.content, `${type}.weight.v1.raw`)), annotations: at("nets/model.onnx") },
      { ...(await pushBlob(target, weights.content, `${type}.weight.config.v1.raw`)), annotations: at(weights.name) },
    ];
    const manifest = await pushManifest(target, target.tag, layers);
    assertFetched(await fetchTag(target.tag), manifest, [{ ...model, name: "nets/model.onnx" }, weights]);
  });

  test("tars, plain and compressed", async () => {
    const target = address();
    const readme = { name: "README.md", content: Buffer.from("# Direction") };
    const [ofModel, ofWeights, ofReadme] = await Promise.all(
      [model, weights, readme].map(({ name, content }) => tarOf([{ header: { name }, content }])),
    );
    const layers: readonly [Buffer | undefined, string][] = [
      [ofModel, "weight.v1.tar"],
      [gzipSync(ofWeights ?? ""), "weight.v1.tar+gzip"],
      [zstdCompressSync(ofReadme ?? ""), "doc.v1.tar+zstd"],
    ];
    const pushed = await Promise.all(
      layers.map(async ([content, form]) => pushBlob(target, content ?? Buffer.alloc(0), `${type}.${form}`)),
    );
    const manifest = await pushManifest(target, target.tag, pushed);
    assertFetched(await fetchTag(target.tag), manifest, [model, weights, readme]);
  });

  test("a path that leaves the folder is refused", async () => {
    const target = address();
    const layer = await pushBlob(target, model.content, `${type}.weight.v1.raw`);
    await pushManifest(target, target.tag, [{ ...layer, annotations: at("../model.onnx") }]);
    assertFails(await fetchTag(target.tag), "UnsafeArchive", /"\.\.\/model\.onnx", with a part/);
  });

  test("a file that is there twice is refused", async () => {
    const target = address();
    const layer = await pushBlob(target, model.content, `${type}.weight.v1.raw`);
    const tar = await pushBlob(
      target,
      await tarOf([{ header: { name: model.name }, content: model.content }]),
      `${type}.weight.v1.tar`,
    );
    await pushManifest(target, target.tag, [{ ...layer, annotations: at(model.name) }, tar]);
    assertFails(await fetchTag(target.tag), "UnsafeArchive", /"model\.onnx" twice/);
  });
});

describe("layers that are not understood", () => {
  const named = { annotations: { "org.opencontainers.image.title": model.name } };

  test("are named, whatever else the artifact holds", async () => {
    for (const mediaType of ["application/vnd.example.part", `${layerType}+gzip+encrypted`]) {
      const target = address();
      const [first, second] = [
        { ...(await pushBlob(target, model.content, layerType)), ...named },
        await pushBlob(target, weights.content, mediaType),
      ];
      await pushManifest(target, target.tag, [first, second]);
      const fetched = await fetchTag(target.tag);
      assertFails(
        fetched,
        "UnsupportedSource",
        new RegExp(`^Layer 2 of 2 \\(${second.digest}\\) has the media type ".*" and no file name, and may be a part`),
      );
      assert.ok(!fetched.report.ok && fetched.report.message.includes(`"${mediaType}"`));
      assert.equal(fetched.files.size, 0, "layers were downloaded");
    }
  });

  test("are left out when they are statements in JSON", async () => {
    const target = address();
    const layers = [
      { ...(await pushBlob(target, model.content, layerType)), ...named },
      await pushBlob(target, Buffer.from("{}"), "application/vnd.in-toto+json"),
    ];
    const manifest = await pushManifest(target, target.tag, layers);
    assertFetched(await fetchTag(target.tag), manifest, [model]);
  });

  test("are those of an image beside files", async () => {
    const target = address();
    const layers = [
      await pushBlob(target, await gzipped([file("a")]), `${layerType}+gzip`),
      { ...(await pushBlob(target, model.content, layerType)), ...named },
    ];
    await pushManifest(target, target.tag, layers);
    assertFails(await fetchTag(target.tag), "UnsupportedSource", /is one of an image, and layer .* a file or a folder/);
  });
});

describe("what is not there or not the same", () => {
  test("a tag that does not exist", async () => {
    await pushArtifact({ ...address(), files: [model] });
    assertFails(
      await fetchTag("absent"),
      "NotFound",
      /^127\.0\.0\.1:\d+ has no models\/direction:absent\. Check repository and tag/,
    );
  });

  test("a repository that does not exist", async () => {
    const uri = `oci://${registry.host}/models/absent:1`;
    assertFails(await fetchTag("", { SLIPWAY_MODEL_URI: uri }), "NotFound", /models\/absent:1/);
  });

  test("a digest that the user demands and the tag does not have", async () => {
    const target = address();
    await pushArtifact({ ...target, files: [model] });
    const fetched = await fetchTag(target.tag, { SLIPWAY_MODEL_DIGEST: `sha256:${"0".repeat(64)}` });
    assertFails(fetched, "DigestMismatch", /version v1 gives sha256:\w{64}, but the entry demands sha256:0{64}/);
    assert.equal(fetched.files.size, 0, "layers were downloaded");
  });

  test("a version name that was resolved to other bytes, which the registry does not have any more", async () => {
    const target = address();
    const first = await pushArtifact({ ...target, files: [model] });
    const recorded = { SLIPWAY_RECORDED_DIGEST: first.digest };
    assertFetched(await fetchTag(target.tag, recorded), first, [model]);
    const second = await pushArtifact({ ...target, files: [model, weights] });
    await registry.forgetManifest("models/direction", first.digest);
    const fetched = await fetchTag(target.tag, recorded);
    assertFails(
      fetched,
      "VersionReused",
      new RegExp(
        `first resolved to ${first.digest} \\(which ${registry.host} does not have\\), and its uri now gives ${second.digest}.*new version name`,
      ),
    );
    assert.equal(fetched.files.size, 0, "layers were downloaded");
  });

  test("a layer that the registry's disk has damaged", async () => {
    const target = address();
    const content = Buffer.concat([model.content, randomBytes(8)]);
    await pushArtifact({ ...target, files: [{ name: "model.onnx", content }] });
    const { digest } = await pushBlob(target, content, "application/octet-stream");
    const onDisk = await open(registry.blobPath(digest), "r+");
    await onDisk.write(Buffer.from([0xff, 0x00, 0xff]), 0, 3, 1000);
    await onDisk.close();
    assertFails(await fetchTag(target.tag), "DigestMismatch", new RegExp(`Layer ${digest} is damaged`));
  });
});

describe("an index", () => {
  test("without a match is refused", async () => {
    const target = address();
    const manifest = await pushArtifact({ ...target, files: [model] });
    const platform = { os: "linux", architecture: "s390x" };
    await pushIndex(target, target.tag, [{ ...manifest, platform }]);
    assertFails(
      await fetchTag(target.tag, {}, { architecture: "x64", limits: restless }),
      "NoMatchingManifest",
      /linux\/amd64.*linux\/s390x/,
    );
  });

  test("with this platform gives its manifest, and the digest of the index", async () => {
    const target = address();
    const here = await pushArtifact({ ...target, files: [model] });
    const elsewhere = await pushArtifact({ ...target, files: [weights] });
    const index = await pushIndex(target, target.tag, [
      { ...elsewhere, platform: { os: "linux", architecture: "amd64" } },
      { ...here, platform: { os: "linux", architecture: "arm64" } },
    ]);
    assertFetched(await fetchTag(target.tag, {}, { architecture: "arm64", limits: restless }), index, [model]);
  });

  test("of one artifact without a platform gives it", async () => {
    const target = address();
    const manifest = await pushArtifact({ ...target, files: [model] });
    const index = await pushIndex(target, target.tag, [manifest]);
    assertFetched(await fetchTag(target.tag), index, [model]);
  });
});

test("plain HTTP is spoken only to hosts that are named", async () => {
  const target = address();
  await pushArtifact({ ...target, files: [model] });
  assertFails(
    await fetchTag(target.tag, { SLIPWAY_PLAIN_HTTP_HOSTS: "" }),
    "UnsupportedSource",
    /does not speak TLS\. If plain HTTP is meant, .* chart value registries\.plainHttpHosts.*spec\.restartToken/,
  );
});
