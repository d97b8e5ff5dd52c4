import { failure } from "../failure.ts";
import type { Descriptor } from "./manifest.ts";

/** What to do with one layer. */
export type LayerUse =
  | { readonly use: "file"; readonly name: string }
  | { readonly use: "unpack"; readonly gzip: boolean }
  | { readonly use: "ignore"; readonly why: string };

/** OCI image-spec annotations.md: the file name that `oras push` gives each layer. */
export const titleAnnotation = "org.opencontainers.image.title";
/** `oras push` marks a folder, which it sends as one tar+gzip layer, with this. */
export const unpackAnnotation = "io.deis.oras.content.unpack";

const tarTypes: ReadonlyMap<string, { readonly gzip: boolean }> = new Map([
  ["application/vnd.oci.image.layer.v1.tar", { gzip: false }],
  ["application/vnd.oci.image.layer.v1.tar+gzip", { gzip: true }],
  ["application/vnd.docker.image.rootfs.diff.tar", { gzip: false }],
  ["application/vnd.docker.image.rootfs.diff.tar.gzip", { gzip: true }],
]);

/**
 * `oras push FILE` gives a file the media type `application/vnd.oci.image.layer.v1.tar` too, with a title and without
 * the mark to unpack. So a titled layer is a file, unless it is marked, its media type says tar+gzip, or its title ends
 * as an archive's does.
 */
export function layerUse({ mediaType, annotations }: Descriptor): LayerUse {
  const title = annotations[titleAnnotation];
  const tar = tarTypes.get(mediaType);
  if (annotations[unpackAnnotation] === "true") return { use: "unpack", gzip: tar?.gzip ?? true };
  if (tar !== undefined && (tar.gzip || title === undefined)) return { use: "unpack", gzip: tar.gzip };
  if (mediaType.endsWith("zstd")) {
    throw failure(
      "UnsupportedSource",
      "A layer is compressed with zstd, which is not supported. Push it as tar+gzip or as plain files.",
    );
  }
  if (title === undefined) return { use: "ignore", why: `no annotation ${titleAnnotation}` };
  if (title.endsWith(".tar")) return { use: "unpack", gzip: false };
  if (title.endsWith(".tar.gz") || title.endsWith(".tgz")) return { use: "unpack", gzip: true };
  return { use: "file", name: title };
}
