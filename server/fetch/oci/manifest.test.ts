import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { isFailure } from "../failure.ts";
import { type Descriptor, mediaTypes, parseManifest, selectManifest } from "./manifest.ts";

const digest = `sha256:${"01".repeat(32)}`;
const title = "org.opencontainers.image.title";
const layer = {
  mediaType: "application/octet-stream",
  digest,
  size: 3,
  annotations: { [title]: "model.onnx", number: 1 },
};

test("an image that a container can be made of is told by its config", () => {
  const ofImage = (more: object): unknown => {
    const manifest = parseManifest(JSON.stringify({ layers: [], ...more }), mediaTypes.imageManifest);
    return manifest.kind === "image" && manifest.ofImage;
  };
  const config = { mediaType: "application/vnd.oci.image.config.v1+json" };
  assert.equal(ofImage({ config }), true);
  assert.equal(ofImage({ config: { mediaType: "application/vnd.docker.container.image.v1+json" } }), true);
  assert.equal(ofImage({ config, artifactType: "application/x" }), false);
  for (const mediaType of ["application/vnd.oci.empty.v1+json", "application/vnd.unknown.config.v1+json", 1]) {
    assert.equal(ofImage({ config: { mediaType } }), false);
  }
  assert.equal(ofImage({}), false);
});

test("an image manifest gives its layers", () => {
  const text = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.imageManifest, config: {}, layers: [layer] });
  assert.deepEqual(parseManifest(text, "text/plain"), {
    kind: "image",
    ofImage: false,
    layers: [{ ...layer, annotations: { [title]: "model.onnx" }, platform: undefined }],
  });
});

test("the content type tells the kind where the document does not", () => {
  assert.equal(parseManifest('{"layers":[]}', mediaTypes.dockerManifest).kind, "image");
  assert.equal(parseManifest('{"manifests":[]}', mediaTypes.dockerManifestList).kind, "index");
});

const refused: readonly [string, string, RegExp][] = [
  ["no JSON", "{", /not JSON/],
  ["a list", "[]", /not a JSON object/],
  ["an unknown type", '{"mediaType":"application/json"}', /media type is "application\/json"/],
  [
    "both kinds at once",
    `{"mediaType":"${mediaTypes.imageIndex}","manifests":[],"layers":[]}`,
    /image and an index at once/,
  ],
  ["no layers", `{"mediaType":"${mediaTypes.imageManifest}"}`, /no list layers/],
  [
    "a layer without digest",
    manifestOf({ ...layer, digest: "sha256:1" }),
    /layers\[0\] of the manifest has no sha256 digest/,
  ],
  ["a negative size", manifestOf({ ...layer, size: -1 }), /layers\[0\] of the manifest has no valid size/],
  ["a size in text", manifestOf({ ...layer, size: "3" }), /no valid size/],
  ["a layer without type", manifestOf({ ...layer, mediaType: undefined }), /no mediaType/],
];
for (const [what, text, message] of refused) {
  test(`${what} is refused`, () =>
    assert.throws(() => parseManifest(text, ""), { name: "UnsupportedSource", message }));
}

test("any JSON is read or refused", () => {
  fc.assert(
    fc.property(fc.json(), fc.constantFrom(...Object.values(mediaTypes)), (text, type) => {
      try {
        parseManifest(text, type);
        return true;
      } catch (error) {
        return isFailure(error);
      }
    }),
  );
});

const here = { os: "linux", architecture: "amd64" };
const there = { os: "linux", architecture: "arm64" };
const windows = { os: "windows", architecture: "amd64" };

test("this platform's manifest is selected", () => {
  const manifests = [entry("a", there), entry("b", windows), entry("c", here), entry("d", undefined)];
  assert.equal(selectManifest(manifests, "amd64"), manifests[2]);
});

test("a single manifest for no platform is selected", () => {
  const manifests = [entry("a", there), entry("b", undefined)];
  assert.equal(selectManifest(manifests, "amd64"), manifests[1]);
});

test("no match, or more than one to choose from, is refused", () => {
  const offers: readonly [readonly Descriptor[], RegExp][] = [
    [[], /offers none/],
    [[entry("a", there), entry("b", windows)], /offers "linux\/arm64, windows\/amd64"/],
    [[entry("a", undefined), entry("b", undefined)], /no platform, no platform/],
    [[{ ...entry("a", here), mediaType: "application/spdx+json" }], /offers none/],
  ];
  for (const [manifests, message] of offers) {
    assert.throws(() => selectManifest(manifests, "amd64"), { name: "NoMatchingManifest", message });
  }
});

function manifestOf(item: object): string {
  return JSON.stringify({ mediaType: mediaTypes.imageManifest, layers: [item] });
}

function entry(name: string, platform: Descriptor["platform"]): Descriptor {
  return { mediaType: mediaTypes.imageManifest, digest, size: 1, annotations: { name }, platform };
}
