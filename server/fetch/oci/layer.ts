import type { Descriptor } from "./manifest.ts";

/** What to do with one layer. */
export type LayerUse =
  /** One file of an artifact, as it is. */
  | { readonly use: "file"; readonly name: string }
  /** A tar of an artifact, compressed or not: its files lie beside those of other layers. */
  | { readonly use: "archive" }
  /** A layer of an image: it lies over those before it, and may hide what they hold. */
  | { readonly use: "changeset" }
  | { readonly use: "ignore"; readonly why: string }
  | { readonly use: "unknown" };

/** OCI image-spec annotations.md: the file name that `oras push` gives each layer. */
export const titleAnnotation = "org.opencontainers.image.title";
/** `oras push` marks a folder, which it sends as one tar+gzip layer, with this. */
export const unpackAnnotation = "io.deis.oras.content.unpack";
/** olot: the path that a file of a ModelCar has in its layer, which is one of an image. */
const inLayerAnnotation = "olot.layer.content.inlayerpath";
/** CNCF ModelPack model-spec, annotations.md: a file's path. The second name is that of its first versions. */
const pathAnnotations = ["org.cncf.model.filepath", "org.cnai.model.filepath"];

/** OCI image-spec layer.md, and Docker's names for the same. A suffix tells how it is compressed. */
const imageLayerType =
  /^application\/vnd\.(?:oci\.image\.layer\.(?:nondistributable\.)?v1\.tar|docker\.image\.rootfs\.(?:foreign\.)?diff\.tar)(?:[+.](gzip|zstd))?$/;

/** CNCF ModelPack model-spec, mediatype.go: weights, their configuration, documentation, code and data, each in four forms. */
const modelPackType = /^application\/vnd\.(?:cncf|cnai)\.model\.[a-z.]+\.v\d+\.(tar|[a-z]+)(?:\+(?:gzip|zstd))?$/;

/**
 * By the first line that fits:
 *
 * | layer | use |
 * |---|---|
 * | marked to be unpacked | archive |
 * | ModelPack's `…tar`, `…tar+gzip`, `…tar+zstd` | archive |
 * | ModelPack's `…raw` and others, with a path | file |
 * | of an image, with neither title nor path; with any, where the manifest is an image's | changeset |
 * | of an image, compressed, or with a path alone | archive |
 * | with a title that ends as a tar's does | archive |
 * | with a title or a path | file |
 * | JSON: a statement about the artifact, or nothing at all | ignored |
 * | any other | unknown: it could be a part of the model |
 *
 * `oras push FILE` gives a file the media type of an image's uncompressed layer, too, and a title. So that is a file.
 * Builders of images give titles as well (olot, of KServe's ModelCars): there the config tells, or their own annotation.
 */
export function layerUse({ mediaType, annotations }: Descriptor, ofImage: boolean): LayerUse {
  const title = annotations[titleAnnotation];
  const path = pathAnnotations.map((key) => annotations[key]).find((value) => value !== undefined);
  if (annotations[unpackAnnotation] === "true") return { use: "archive" };
  const [ofModelPack, form] = modelPackType.exec(mediaType) ?? [];
  if (form === "tar") return { use: "archive" };
  const name = ofModelPack === undefined ? (title ?? path) : (path ?? title);
  if (ofModelPack !== undefined) return name === undefined ? { use: "unknown" } : { use: "file", name };
  const [imageLayer, compression] = imageLayerType.exec(mediaType) ?? [];
  const isChangeset = ofImage || name === undefined || annotations[inLayerAnnotation] !== undefined;
  if (imageLayer !== undefined && isChangeset) return { use: "changeset" };
  if (imageLayer !== undefined && (compression !== undefined || title === undefined)) return { use: "archive" };
  if (name !== undefined)
    return /\.(?:tar|tgz|tar\.(?:gz|zst))$/.test(name) ? { use: "archive" } : { use: "file", name };
  if (mediaType.endsWith("+json")) return { use: "ignore", why: `the media type ${mediaType} and no file name` };
  return { use: "unknown" };
}
