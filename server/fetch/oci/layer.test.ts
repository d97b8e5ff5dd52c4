import assert from "node:assert/strict";
import { test } from "node:test";
import { layerUse } from "./layer.ts";

const title = "org.opencontainers.image.title";
const path = "org.cncf.model.filepath";
const unpack = { "io.deis.oras.content.unpack": "true" };
const tar = "application/vnd.oci.image.layer.v1.tar";
const foreign = "application/vnd.oci.image.layer.nondistributable.v1.tar";
const docker = "application/vnd.docker.image.rootfs.diff.tar";
const pack = "application/vnd.cncf.model";

const uses: readonly [string, Record<string, string>, string][] = [
  [tar, { [title]: "model.onnx" }, "file model.onnx"],
  ["application/onnx", { [title]: "model.onnx" }, "file model.onnx"],
  ["application/json", { [title]: "labels.json" }, "file labels.json"],
  [`${tar}+gzip`, { [title]: "model" }, "archive"],
  [`${tar}+zstd`, { [title]: "model" }, "archive"],
  [tar, { [title]: "model.tar" }, "archive"],
  ["application/octet-stream", { [title]: "model.tgz" }, "archive"],
  ["application/octet-stream", { [title]: "model.tar.zst" }, "archive"],
  ["application/octet-stream", { [title]: "model.tar.gz" }, "archive"],
  ["application/octet-stream", { [title]: "model.onnx.gz" }, "file model.onnx.gz"],
  ["application/x", { [title]: "model", ...unpack }, "archive"],
  [tar, { [title]: "model", ...unpack }, "archive"],
  [tar, unpack, "archive"],
  [tar, {}, "changeset"],
  [`${tar}+gzip`, {}, "changeset"],
  [`${tar}+zstd`, { "io.github.containers.zstd-chunked.manifest-position": "1:2:3:1" }, "changeset"],
  [foreign, {}, "changeset"],
  [`${foreign}+gzip`, {}, "changeset"],
  [`${docker}.gzip`, {}, "changeset"],
  ["application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", {}, "changeset"],
  [`${tar}+gzip+encrypted`, {}, "unknown"],
  [`${pack}.weight.v1.raw`, { [path]: "nets/model.onnx" }, "file nets/model.onnx"],
  [`${pack}.weight.v1.raw`, { [path]: "data.tar" }, "file data.tar"],
  [`${pack}.weight.v1.raw`, { [title]: "model.onnx" }, "file model.onnx"],
  [`${pack}.weight.v1.raw`, { [path]: "nets/model.onnx", [title]: "model.onnx" }, "file nets/model.onnx"],
  [`${pack}.weight.v1.onnx`, { [path]: "model.onnx" }, "file model.onnx"],
  [`${pack}.weight.v1.tar`, { [path]: "model.onnx" }, "archive"],
  [`${pack}.weight.v1.tar+gzip`, {}, "archive"],
  [`${pack}.weight.config.v1.tar+zstd`, { [path]: "config" }, "archive"],
  [`${pack}.doc.v1.raw`, { [path]: "README.md" }, "file README.md"],
  [`${pack}.weight.v1.raw`, {}, "unknown"],
  ["application/vnd.cnai.model.weight.v1.raw", { "org.cnai.model.filepath": "model.onnx" }, "file model.onnx"],
  [tar, { [path]: "model.onnx" }, "archive"],
  ["application/vnd.in-toto+json", {}, "ignore"],
  ["application/vnd.oci.empty.v1+json", {}, "ignore"],
  ["application/octet-stream", {}, "unknown"],
];
for (const [mediaType, annotations, expected] of uses) {
  test(`${mediaType} ${JSON.stringify(annotations)}: ${expected}`, () => {
    const use = layerUse(
      { mediaType, digest: `sha256:${"01".repeat(32)}`, size: 1, annotations, platform: undefined },
      false,
    );
    assert.equal(use.use === "file" ? `file ${use.name}` : use.use, expected);
  });
}

const ofImages: readonly [string, Record<string, string>, string][] = [
  [tar, { [title]: "model.onnx" }, "changeset"],
  [`${tar}+gzip`, { [title]: "model.tar" }, "changeset"],
  [`${docker}.gzip`, { [path]: "model.onnx" }, "changeset"],
  [tar, { [title]: "model", ...unpack }, "archive"],
  ["application/onnx", { [title]: "model.onnx" }, "file model.onnx"],
];
for (const [mediaType, annotations, expected] of ofImages) {
  test(`of an image, ${mediaType} ${JSON.stringify(annotations)}: ${expected}`, () => {
    const use = layerUse(
      { mediaType, digest: `sha256:${"01".repeat(32)}`, size: 1, annotations, platform: undefined },
      true,
    );
    assert.equal(use.use === "file" ? `file ${use.name}` : use.use, expected);
  });
}

test("a file of a ModelCar lies in a layer of an image, whatever the manifest is", () => {
  const annotations = { [title]: "model.onnx", "olot.layer.content.inlayerpath": "/models/model.onnx" };
  const layer = { digest: `sha256:${"01".repeat(32)}`, size: 1, annotations, platform: undefined };
  assert.equal(layerUse({ ...layer, mediaType: tar }, false).use, "changeset");
});
