import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";

/** The image of the process that holds a pod's namespaces. */
export const sandboxImage = "slipway.test/sandbox:1";

/** An OCI image layout as a tar, as `ctr images import` reads it (OCI image specification, image-layout.md). */
export async function sandboxImageArchive(program: string): Promise<Buffer> {
  const layerTar = await archive([{ name: "sandbox", content: await readFile(program), mode: 0o755 }]);
  const layer = blob("application/vnd.oci.image.layer.v1.tar+gzip", gzipSync(layerTar));
  const config = blob("application/vnd.oci.image.config.v1+json", {
    architecture: process.arch === "arm64" ? "arm64" : "amd64",
    os: "linux",
    config: { Entrypoint: ["/sandbox"], User: "65535:65535" },
    rootfs: { type: "layers", diff_ids: [digest(layerTar)] },
  });
  const manifest = blob("application/vnd.oci.image.manifest.v1+json", {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: config.descriptor,
    layers: [layer.descriptor],
  });
  const named = { ...manifest.descriptor, annotations: { "io.containerd.image.name": sandboxImage } };
  return await archive([
    { name: "oci-layout", content: json({ imageLayoutVersion: "1.0.0" }), mode: 0o644 },
    { name: "index.json", content: json({ schemaVersion: 2, manifests: [named] }), mode: 0o644 },
    ...[layer, config, manifest].map((each) => ({
      name: `blobs/${each.descriptor.digest.replace(":", "/")}`,
      content: each.content,
      mode: 0o644,
    })),
  ]);
}

function blob(mediaType: string, value: Buffer | object) {
  const content = Buffer.isBuffer(value) ? value : json(value);
  return { content, descriptor: { mediaType, digest: digest(content), size: content.length } };
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function digest(content: Buffer): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

async function archive(files: { name: string; content: Buffer; mode: number }[]): Promise<Buffer> {
  const tar = pack();
  for (const { name, content, mode } of files) tar.entry({ name, mode, mtime: new Date(0) }, content);
  tar.finalize();
  return await buffer(tar);
}
