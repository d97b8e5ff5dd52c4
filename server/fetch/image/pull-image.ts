import { compressionOf } from "../archive/compression.ts";
import { drain } from "../drain.ts";
import type { Compressed } from "../archive/inflate.ts";
import { type ModelDirectory, tooManyBytes } from "../model/model-directory.ts";
import type { Descriptor } from "../oci/manifest.ts";
import { withFileBytes } from "../onnx/file-bytes.ts";
import { readModel } from "../onnx/read-model.ts";
import { readTar } from "../archive/read-tar.ts";
import type { SourceRequest } from "../sources/source.ts";
import { type ImageFile, modelOf, weightsOf } from "./image-model.ts";
import { createImageTree, type ImageTree } from "./image-tree.ts";

type Request = Pick<SourceRequest, "directory" | "limits" | "signal" | "log">;

/**
 * Makes the model of an image. Which of its files those are is known when the names in all layers have been read, so all
 * layers are downloaded first, and read twice where they hold any; of the image nothing else is written.
 */
export async function pullImage(
  layers: readonly Descriptor[],
  download: (layer: Descriptor) => Promise<string>,
  request: Request,
): Promise<void> {
  const { directory, log } = request;
  // The same layer may come again, as the empty one of Docker does.
  const downloaded = new Map<string, Compressed>();
  for (const layer of layers) {
    if (downloaded.has(layer.digest)) continue;
    const absolutePath = await download(layer);
    const compression = await compressionOf(absolutePath);
    downloaded.set(layer.digest, { absolutePath, size: layer.size, compression });
  }
  const archives = layers.flatMap(({ digest }) => downloaded.get(digest) ?? []);
  const tree = await readNames(archives, request);
  const files = modelOf(tree);
  await unpackFiles(archives, files, request);
  const weights = weightsAtTop(tree, files, directory);
  await unpackFiles(archives, weights, request);
  await directory.discardDownloads();
  log.info({ files: files.length + weights.length }, "took the model out of the image");
}

async function readNames(archives: readonly Compressed[], { limits, signal }: Request): Promise<ImageTree> {
  const tree = createImageTree(limits.imageEntries);
  for (const [layer, archive] of archives.entries()) {
    let entry = 0;
    await readTar(archive, limits, signal, async (found, content) => {
      tree.lay(layer, entry, found);
      entry += 1;
      await drain(content);
    });
  }
  return tree;
}

/** Only a graph that stands alone at the top of its image is judged by what it names. */
function weightsAtTop(
  tree: ImageTree,
  [graph, ...more]: readonly ImageFile[],
  directory: ModelDirectory,
): readonly ImageFile[] {
  if (graph === undefined || more.length > 0 || graph.path.includes("/")) return [];
  return weightsOf(tree, withFileBytes(directory.placeOf(graph.path), readModel).externalData.keys());
}

async function unpackFiles(
  archives: readonly Compressed[],
  files: readonly ImageFile[],
  { directory, limits, signal }: Request,
): Promise<void> {
  if (files.reduce((sum, { size }) => sum + size, 0) > directory.remaining()) throw tooManyBytes(limits);
  for (const [layer, archive] of archives.entries()) {
    const wanted = new Map(files.filter((file) => file.layer === layer).map(({ entry, path }) => [entry, path]));
    if (wanted.size === 0) continue;
    let entry = 0;
    await readTar(archive, limits, signal, async (_found, content) => {
      const path = wanted.get(entry);
      entry += 1;
      if (path === undefined) await drain(content);
      else await directory.write(path, content);
    });
  }
}
