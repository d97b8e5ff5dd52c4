import { failure } from "../failure.ts";
import { modelName } from "../model/model-name.ts";
import { isWebPage } from "../onnx/look-of.ts";
import { isPacked, packingOf } from "../archive/packing.ts";
import type { SourceRequest } from "./source.ts";
import type { ModelFile } from "../model/tree-digest.ts";
import { unpackFile } from "../archive/unpack-file.ts";

/** Something that arrived as one file. */
export interface Downloaded extends ModelFile {
  readonly absolutePath: string;
  /** Last part of its address. */
  readonly name: string;
  readonly host: string;
}

/**
 * Makes the model of one downloaded file, and returns the digest: a tar and what is compressed, told by its bytes, is unpacked; any
 * other is the model itself. A web page is refused before its digest is judged, as it tells more than a mismatch.
 */
export async function placeDownload(
  { absolutePath, name, host, ...file }: Downloaded,
  request: SourceRequest,
): Promise<string> {
  const { directory, limits, signal, checkDigest } = request;
  const packing = await packingOf({ absolutePath, size: file.size }, limits, signal);
  if (isWebPage(packing.start.toString("latin1"))) {
    throw failure(
      "NotAModel",
      `${host} sent a web page instead of a model, perhaps of a login or an error. Check the uri, and the Secret of the source if it asks for a login.`,
    );
  }
  if (isPacked(packing)) {
    const digest = await unpackFile({ absolutePath, size: file.size, name }, packing, request);
    await directory.discardDownloads();
    checkDigest(digest);
    return digest;
  }
  const digest = `sha256:${file.sha256}`;
  checkDigest(digest);
  await directory.adopt(absolutePath, modelName(name), file);
  await directory.discardDownloads();
  return digest;
}
