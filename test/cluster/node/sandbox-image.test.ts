import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { extract } from "tar-stream";
import { sandboxImage, sandboxImageArchive } from "./sandbox-image.ts";

test("the archive names its image, and every digest in it is that of the bytes", async () => {
  const files = new Map<string, Buffer>();
  const tar = extract();
  tar.end(await sandboxImageArchive(import.meta.filename));
  for await (const entry of tar) files.set(entry.header.name, await buffer(entry));

  const index = JSON.parse(String(files.get("index.json"))) as { manifests: [{ annotations: object; digest: string }] };
  assert.deepEqual(index.manifests[0].annotations, { "io.containerd.image.name": sandboxImage });
  const blobs = [...files].filter(([name]) => name.startsWith("blobs/sha256/"));
  assert.equal(blobs.length, 3);
  for (const [name, content] of blobs) {
    assert.equal(name, `blobs/sha256/${createHash("sha256").update(content).digest("hex")}`);
  }
  assert.ok(files.has(`blobs/${index.manifests[0].digest.replace(":", "/")}`));
});
