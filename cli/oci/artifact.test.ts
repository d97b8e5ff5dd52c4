import assert from "node:assert/strict";
import { test } from "node:test";
import { parseManifest } from "../../server/fetch/oci/manifest.ts";
import { layerUse } from "../../server/fetch/oci/layer.ts";
import { artifactManifest, emptyConfig, fileLayer, imageIndex, sha256 } from "./artifact.ts";

const layer = fileLayer("folder/model.onnx", { digest: `sha256:${"1".repeat(64)}`, size: 3 });

test("a manifest is read by the pods as it was meant", () => {
  const { mediaType, text, digest } = artifactManifest([layer]);
  const manifest = parseManifest(text, mediaType);
  assert.ok(manifest.kind === "image");
  assert.deepEqual(
    manifest.layers.map((one) => layerUse(one, false)),
    [{ use: "file", name: "folder/model.onnx" }],
  );
  assert.equal(digest, sha256(Buffer.from(text)));
});

test("the same layers give the same bytes, at any time", () => {
  assert.equal(
    artifactManifest([layer]).digest,
    "sha256:7f7f93f210793cfc207966f636f85d29c1d3340296724318a93d9ba08c81bfeb",
  );
});

test("the config is the empty one of the specification", () => {
  assert.equal(sha256(emptyConfig.content), "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
});

test("an index is read as an index", () => {
  const { mediaType, text, digest } = artifactManifest([layer]);
  const index = imageIndex([
    { mediaType, digest, size: text.length, platform: { os: "linux", architecture: "arm64" } },
  ]);
  const read = parseManifest(index.text, index.mediaType);
  assert.ok(read.kind === "index");
  assert.deepEqual(read.manifests[0]?.platform, { os: "linux", architecture: "arm64" });
});
