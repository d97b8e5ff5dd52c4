import { type Compressed, inflate } from "./inflate.ts";
import { modelName } from "../model/model-name.ts";
import type { Packing } from "./packing.ts";
import type { SourceRequest } from "../sources/source.ts";
import { treeDigest } from "../model/tree-digest.ts";
import { unpack } from "./unpack.ts";

/**
 * Makes the model of one packed file: a tar is unpacked, and what is compressed and no tar is the model itself. Returns the
 * digest of what is inside: how it is packed never counts.
 */
export async function unpackFile(
  { name, ...file }: Omit<Compressed, "compression"> & { readonly name: string },
  { compression, tar }: Packing,
  { directory, limits, signal }: Pick<SourceRequest, "directory" | "limits" | "signal">,
): Promise<string> {
  const packed = { ...file, compression };
  if (tar) {
    await unpack(packed, directory, limits, signal);
    return treeDigest(directory.files());
  }
  const { sha256 } = await directory.write(modelName(name), inflate(packed, limits, signal));
  return `sha256:${sha256}`;
}
