import { createHash } from "node:crypto";
import { isFailure } from "../failure.ts";
import type { SourceRequest } from "../sources/source.ts";
import { type ModelFile, treeDigest } from "../model/tree-digest.ts";
import { filesOf, isFolder, type ModelFolder, openInside, read } from "./model-folder.ts";

type Request = Pick<SourceRequest, "directory" | "limits" | "signal" | "onBytes" | "checkDigest" | "log">;

/**
 * Copies a folder into the model directory and returns its digest, judged. What storage makes by itself is neither copied
 * nor counted. It was, before that was so: a record from then is met by the digest that counts it.
 */
export async function copyFolder(folder: ModelFolder, request: Request): Promise<string> {
  const { directory, signal, onBytes, checkDigest, log } = request;
  const leftOut: string[] = [];
  for await (const path of filesOf(folder, "", (name) => void leftOut.push(name))) {
    const source = await openInside(folder, path);
    try {
      await directory.write(path, read(source, onBytes, signal));
    } finally {
      await source.close();
    }
  }
  if (leftOut.length > 0) log.info({ names: leftOut.slice(0, 10) }, `leaving out ${leftOut.length} names of storage`);
  const digest = treeDigest(directory.files());
  try {
    checkDigest(digest);
    return digest;
  } catch (mismatch) {
    const before = leftOut.length === 0 ? undefined : await digestWith(leftOut, folder, request);
    if (before === undefined || !isMet(checkDigest, before)) throw mismatch;
    log.info({ digest: before }, "the record counts names of storage, and is met with them");
    return before;
  }
}

function isMet(checkDigest: Request["checkDigest"], digest: string): boolean {
  try {
    checkDigest(digest);
    return true;
  } catch {
    return false;
  }
}

/**
 * The digest by the rule of before: all that was left out counts, but `lost+found` at the top. Undefined where that rule
 * gave none, as it would have failed or found too much.
 */
async function digestWith(
  leftOut: readonly string[],
  folder: ModelFolder,
  { directory, limits, signal }: Request,
): Promise<string | undefined> {
  const files = new Map(directory.files());
  let bytes = [...files.values()].reduce((sum, { size }) => sum + size, 0);
  try {
    for (const name of leftOut) {
      if (name === "lost+found") continue;
      for await (const path of (await isFolder(folder, name)) ? filesOf(folder, name, undefined) : [name]) {
        const file = await fileAt(folder, path, limits.totalBytes - bytes, signal);
        bytes += file.size;
        files.set(path, file);
        if (files.size > limits.files || bytes > limits.totalBytes) return undefined;
      }
    }
  } catch (error) {
    if (isFailure(error)) return undefined;
    throw error;
  }
  return treeDigest(files);
}

/** Size and digest of a file, read no further than one piece beyond `most` bytes. */
async function fileAt(folder: ModelFolder, path: string, most: number, signal: AbortSignal): Promise<ModelFile> {
  const source = await openInside(folder, path);
  try {
    const hash = createHash("sha256");
    let size = 0;
    for await (const piece of read(source, () => undefined, signal)) {
      hash.update(piece);
      size += piece.byteLength;
      if (size > most) break;
    }
    return { size, sha256: hash.digest("hex") };
  } finally {
    await source.close();
  }
}
