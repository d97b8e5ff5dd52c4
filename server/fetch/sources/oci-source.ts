import { compressionOf } from "../archive/compression.ts";
import { quote } from "../configuration.ts";
import { downloadOptions, logRetry } from "./download-file.ts";
import { failure } from "../failure.ts";
import { pullImage } from "../image/pull-image.ts";
import { downloadBlob } from "../oci/blob.ts";
import { createRegistryClient, type RegistryClient } from "../oci/client.ts";
import { readRegistryCredentials } from "../oci/credentials.ts";
import { knownManifest } from "../oci/known-manifest.ts";
import { type LayerUse, layerUse } from "../oci/layer.ts";
import { type Descriptor, type Manifest, parseManifest, selectManifest } from "../oci/manifest.ts";
import { parseReference, showReference } from "../oci/reference.ts";
import type { Source, SourceRequest } from "./source.ts";
import { unpack } from "../archive/unpack.ts";

/**
 * `oci://host[:port]/repository[:tag|@digest]`: an artifact as `oras push` makes it, one of ModelPack, or an image. The
 * digest is that of what the reference names, an index included, so that every architecture records the same one; it is
 * judged before any layer is downloaded. A version that is known is pulled by it.
 */
export const fetchOci: Source = async (request) => {
  const { log } = request;
  const reference = parseReference(request.uri);
  // The uri may name the bytes itself; a digest that contradicts it needs no connection to be refused.
  if (reference.digest !== undefined) request.checkDigest(reference.digest);

  const client = createRegistryClient(reference, {
    ...request,
    credentials: () => readRegistryCredentials(request.credentials, reference),
    onRetry: logRetry(log),
  });
  try {
    const named = await knownManifest(client, reference, request);
    const top = parseManifest(named.text, named.contentType);
    const manifest = top.kind === "image" ? top : await manifestOfIndex(client, top, request.architecture);
    const planned = planLayers(manifest, request);
    log.info({ digest: named.digest, layers: planned.length }, `pulling ${showReference(reference)}`);
    request.onTotal(planned.reduce((sum, { descriptor }) => sum + descriptor.size, 0));
    if (planned.some(({ use }) => use.use === "changeset")) {
      const ofImage = planned.map(({ descriptor }) => descriptor);
      await pullImage(ofImage, (layer) => downloadLayer(client, layer, request), request);
    } else await pullArtifact(client, planned, request);
    return { digest: named.digest, warning: named.warning };
  } finally {
    await client.close();
  }
};

type ImageManifest = Manifest & { readonly kind: "image" };

interface PlannedLayer {
  readonly descriptor: Descriptor;
  readonly use: Exclude<LayerUse, { use: "ignore" | "unknown" }>;
}

async function manifestOfIndex(
  client: RegistryClient,
  index: Manifest & { kind: "index" },
  architecture: string,
): Promise<ImageManifest> {
  const selected = selectManifest(index.manifests, architecture);
  const { text, contentType } = await client.manifest(selected.digest);
  const manifest = parseManifest(text, contentType);
  if (manifest.kind === "image") return manifest;
  throw failure("NoMatchingManifest", "The index leads to another index. Name one manifest by its digest.");
}

/** What to do with each layer, and all that can be refused before the first byte is downloaded. */
function planLayers({ layers, ofImage }: ImageManifest, { limits, log }: SourceRequest): readonly PlannedLayer[] {
  if (layers.length > limits.files) {
    throw failure(
      "TooLarge",
      `The artifact has ${layers.length} layers, more than the ${limits.files} that are allowed.`,
    );
  }
  const bytes = layers.reduce((sum, { size }) => sum + size, 0);
  if (bytes > limits.totalBytes) {
    throw failure(
      "TooLarge",
      `The artifact has ${bytes} bytes, more than the ${limits.totalBytes} that are allowed. Raise source.sizeLimit if that is meant.`,
    );
  }
  const planned: PlannedLayer[] = [];
  for (const [index, descriptor] of layers.entries()) {
    const use = layerUse(descriptor, ofImage);
    if (use.use === "unknown") {
      throw failure(
        "UnsupportedSource",
        `Layer ${index + 1} of ${layers.length} (${descriptor.digest}) has the media type ${quote(descriptor.mediaType)} and no file name, and may be a part of the model. Push the model with file names, for example: oras push HOST/REPOSITORY:TAG model.onnx`,
      );
    }
    if (use.use === "ignore") log.info({ layer: descriptor.digest }, `leaving out a layer with ${use.why}`);
    else planned.push({ descriptor, use });
  }
  requireOneKind(planned);
  if (planned.length > 0) return planned;
  throw failure(
    "UnsupportedSource",
    "The artifact has no layer with a file name. Push the model with its name, for example: oras push HOST/REPOSITORY:TAG model.onnx",
  );
}

/** How a layer that hides others would lie to a file that has its name from the manifest, no specification says. */
function requireOneKind(planned: readonly PlannedLayer[]): void {
  const ofImage = planned.find(({ use }) => use.use === "changeset");
  const ofArtifact = planned.find(({ use }) => use.use !== "changeset");
  if (ofImage === undefined || ofArtifact === undefined) return;
  throw failure(
    "UnsupportedSource",
    `Layer ${ofImage.descriptor.digest} is one of an image, and layer ${ofArtifact.descriptor.digest} a file or a folder of an artifact. Push either an image, or every file with its name.`,
  );
}

async function pullArtifact(
  client: RegistryClient,
  planned: readonly PlannedLayer[],
  request: SourceRequest,
): Promise<void> {
  const { directory, limits, signal } = request;
  for (const { descriptor, use } of planned) {
    if (use.use === "file") {
      directory.reserve(descriptor.size);
      const { path, handle } = await directory.create(use.name);
      try {
        await downloadBlob(client, descriptor, handle, downloadOptions(request));
      } finally {
        await handle.close();
      }
      directory.record(path, { size: descriptor.size, sha256: descriptor.digest.slice("sha256:".length) });
    } else {
      const absolutePath = await downloadLayer(client, descriptor, request);
      const compression = await compressionOf(absolutePath);
      await unpack({ absolutePath, size: descriptor.size, compression }, directory, limits, signal);
      await directory.discardDownloads();
    }
  }
}

/** Downloads a layer that is to be unpacked, beside the model. */
async function downloadLayer(client: RegistryClient, descriptor: Descriptor, request: SourceRequest): Promise<string> {
  const { absolutePath, handle } = await request.directory.createDownload(descriptor.digest.slice("sha256:".length));
  try {
    await downloadBlob(client, descriptor, handle, downloadOptions(request));
  } finally {
    await handle.close();
  }
  return absolutePath;
}
