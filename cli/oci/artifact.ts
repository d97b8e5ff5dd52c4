import { createHash } from "node:crypto";
import { mediaTypes } from "../../server/fetch/oci/manifest.ts";
import { titleAnnotation } from "../../server/fetch/oci/layer.ts";

/** OCI image-spec 1.1, descriptor.md. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: { readonly os: string; readonly architecture: string };
}

/** A manifest or an index as it is sent: its digest is that of exactly this text. */
export interface Document {
  readonly mediaType: string;
  readonly text: string;
  readonly digest: string;
}

/** What `oras push` gives a plain file. */
const fileMediaType = "application/vnd.oci.image.layer.v1.tar";
const artifactType = "application/vnd.slipway.model.v1";

/** The config of an artifact that has none (OCI image-spec 1.1, "Guidance for an Empty Descriptor"). */
export const emptyConfig = { mediaType: "application/vnd.oci.empty.v1+json", content: Buffer.from("{}") } as const;

/** The layer of one file under the name that it has in the model's folder. */
export function fileLayer(name: string, { digest, size }: Pick<Descriptor, "digest" | "size">): Descriptor {
  return { mediaType: fileMediaType, digest, size, annotations: { [titleAnnotation]: name } };
}

/**
 * The manifest of an artifact, as `oras push` makes one, but for the time of its making: without it the same files
 * always give the same digest, on every machine.
 */
export function artifactManifest(layers: readonly Descriptor[]): Document {
  const { mediaType, content } = emptyConfig;
  const config = { mediaType, digest: sha256(content), size: content.byteLength };
  return document(mediaTypes.imageManifest, { artifactType, config, layers });
}

export function imageIndex(manifests: readonly Descriptor[]): Document {
  return document(mediaTypes.imageIndex, { manifests });
}

function document(mediaType: string, content: object): Document {
  const text = JSON.stringify({ schemaVersion: 2, mediaType, ...content });
  return { mediaType, text, digest: sha256(Buffer.from(text)) };
}

export function sha256(content: Uint8Array): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}
