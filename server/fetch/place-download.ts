import { open } from "node:fs/promises";
import { archiveKind, startBytes } from "./archive-kind.ts";
import { failure } from "./failure.ts";
import { isWebPage } from "./onnx/look-of.ts";
import type { SourceRequest } from "./source.ts";
import { type ModelFile, treeDigest } from "./tree-digest.ts";
import { unpack } from "./unpack.ts";

/** Something that arrived as one file. */
export interface Downloaded extends ModelFile {
  readonly absolutePath: string;
  /** Last part of its address. */
  readonly name: string;
  readonly host: string;
}

/**
 * Makes the model of one downloaded file, and returns the digest: a tar or tar+gzip, told by its bytes, is unpacked; any
 * other is the model itself. A web page is refused before its digest is judged, as it tells more than a mismatch.
 */
export async function placeDownload(
  { absolutePath, name, host, ...file }: Downloaded,
  { directory, limits, signal, checkDigest }: SourceRequest,
): Promise<string> {
  const start = await startOf(absolutePath);
  if (isWebPage(start.toString("latin1"))) {
    throw failure(
      "NotAModel",
      `${host} sent a web page instead of a model, perhaps of a login or an error. Check the uri, and the Secret of the source if it asks for a login.`,
    );
  }
  const archive = archiveKind(start);
  if (archive === undefined) {
    const digest = `sha256:${file.sha256}`;
    checkDigest(digest);
    await directory.adopt(absolutePath, modelName(name), file);
    await directory.discardDownloads();
    return digest;
  }
  await unpack({ absolutePath, size: file.size, gzip: archive.gzip }, directory, limits, signal);
  await directory.discardDownloads();
  const digest = treeDigest(directory.files());
  checkDigest(digest);
  return digest;
}

/** A single file is the model, whatever it is called; only a name that says so is kept. */
export function modelName(name: string): string {
  return name.endsWith(".onnx") ? name : "model.onnx";
}

async function startOf(absolutePath: string): Promise<Buffer> {
  const handle = await open(absolutePath);
  try {
    const start = Buffer.alloc(startBytes);
    const { bytesRead } = await handle.read(start, 0, start.length, 0);
    return start.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
