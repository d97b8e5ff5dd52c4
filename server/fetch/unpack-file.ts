import type { Gzipped } from "./inflate.ts";
import { inflate } from "./inflate.ts";
import { modelName } from "./model-name.ts";
import type { Packing } from "./packing.ts";
import type { SourceRequest } from "./source.ts";
import { treeDigest } from "./tree-digest.ts";
import { unpack } from "./unpack.ts";

/**
 * Makes the model of one packed file: a tar is unpacked, and a gzip that holds none is the model's own. Returns the
 * digest of what is inside: how it is packed never counts.
 */
export async function unpackFile(
  { name, ...file }: Omit<Gzipped, "gzip"> & { readonly name: string },
  { gzip, tar }: Packing,
  { directory, limits, signal }: Pick<SourceRequest, "directory" | "limits" | "signal">,
): Promise<string> {
  const packed = { ...file, gzip };
  if (tar) {
    await unpack(packed, directory, limits, signal);
    return treeDigest(directory.files());
  }
  const { sha256 } = await directory.write(modelName(name), inflate(packed, limits, signal));
  return `sha256:${sha256}`;
}
