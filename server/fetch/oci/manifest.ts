import { digestPattern, quote } from "../configuration.ts";
import { failure } from "../failure.ts";
import { isRecord } from "../model/is-record.ts";

/** OCI image-spec 1.1, descriptor.md: content by digest, with what is needed of its description. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations: Readonly<Record<string, string>>;
  /** In an index only. */
  readonly platform: { readonly os: string; readonly architecture: string } | undefined;
}

export type Manifest =
  | { readonly kind: "image"; readonly ofImage: boolean; readonly layers: readonly Descriptor[] }
  | { readonly kind: "index"; readonly manifests: readonly Descriptor[] };

export const mediaTypes = {
  imageManifest: "application/vnd.oci.image.manifest.v1+json",
  imageIndex: "application/vnd.oci.image.index.v1+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerManifestList: "application/vnd.docker.distribution.manifest.list.v2+json",
} as const;

/** Of an image that a container can be made of. An artifact has another, or an empty one. */
const imageConfigTypes: readonly unknown[] = [
  "application/vnd.oci.image.config.v1+json",
  "application/vnd.docker.container.image.v1+json",
];

const imageTypes: readonly string[] = [mediaTypes.imageManifest, mediaTypes.dockerManifest];
const indexTypes: readonly string[] = [mediaTypes.imageIndex, mediaTypes.dockerManifestList];

/**
 * Reads a manifest. Its kind is what the document says of itself, or the `Content-Type` where it says nothing; a
 * document that could be read as both kinds is refused (CVE-2021-41190).
 */
export function parseManifest(text: string, contentType: string): Manifest {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw unsupported("The registry's manifest is not JSON");
  }
  if (!isRecord(document)) throw unsupported("The registry's manifest is not a JSON object");
  const mediaType = typeof document["mediaType"] === "string" ? document["mediaType"] : contentType;
  const isIndex = indexTypes.includes(mediaType);
  if (!isIndex && !imageTypes.includes(mediaType)) {
    throw unsupported(
      `The manifest's media type is ${quote(mediaType)}, not one of ${[...imageTypes, ...indexTypes].join(", ")}`,
    );
  }
  if ("layers" in document && "manifests" in document)
    throw unsupported("The manifest is an image and an index at once");
  return isIndex
    ? { kind: "index", manifests: descriptors(document["manifests"], "manifests") }
    : { kind: "image", ofImage: isOfImage(document), layers: descriptors(document["layers"], "layers") };
}

function isOfImage({ config, artifactType }: Readonly<Record<string, unknown>>): boolean {
  return artifactType === undefined && isRecord(config) && imageConfigTypes.includes(config["mediaType"]);
}

/**
 * The manifest of an index to pull: the one for this platform, or the only one that is for no platform at all, as an
 * artifact is. Fails with `NoMatchingManifest` otherwise.
 */
export function selectManifest(manifests: readonly Descriptor[], architecture: string): Descriptor {
  const images = manifests.filter(({ mediaType }) => imageTypes.includes(mediaType));
  const forPlatform = images.find(({ platform }) => platform?.os === "linux" && platform.architecture === architecture);
  if (forPlatform !== undefined) return forPlatform;
  const forNone = images.filter(({ platform }) => platform === undefined);
  const [only, another] = forNone;
  if (only !== undefined && another === undefined) return only;
  const offered = images
    .slice(0, 10)
    .map(({ platform }) => (platform === undefined ? "no platform" : `${platform.os}/${platform.architecture}`));
  throw failure(
    "NoMatchingManifest",
    `The reference is an index without exactly one manifest for linux/${architecture}; it offers ${offered.length === 0 ? "none" : quote(offered.join(", "))}. Push the model as a plain artifact, or name one manifest of the index by its digest.`,
  );
}

function descriptors(value: unknown, where: string): Descriptor[] {
  if (!Array.isArray(value)) throw unsupported(`The manifest has no list ${where}`);
  return value.map((item: unknown, index): Descriptor => {
    const at = `${where}[${index}]`;
    if (!isRecord(item)) throw unsupported(`${at} of the manifest is not an object`);
    const { mediaType, digest, size, annotations, platform } = item;
    if (typeof mediaType !== "string") throw unsupported(`${at} of the manifest has no mediaType`);
    if (typeof digest !== "string" || !digestPattern.test(digest))
      throw unsupported(`${at} of the manifest has no sha256 digest`);
    if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0)
      throw unsupported(`${at} of the manifest has no valid size`);
    return { mediaType, digest, size, annotations: texts(annotations), platform: platformOf(platform) };
  });
}

function texts(value: unknown): Record<string, string> {
  if (!isRecord(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

function platformOf(value: unknown): Descriptor["platform"] {
  if (!isRecord(value)) return undefined;
  const { os, architecture } = value;
  return { os: typeof os === "string" ? os : "", architecture: typeof architecture === "string" ? architecture : "" };
}

function unsupported(what: string): Error {
  return failure(
    "UnsupportedSource",
    `${what}. Push the model with an OCI client, for example: oras push HOST/REPOSITORY:TAG model.onnx`,
  );
}
