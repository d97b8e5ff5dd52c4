import { constants } from "node:fs";
import { type FileHandle, lstat, open, readdir, realpath, stat } from "node:fs/promises";
import { basename, join, sep } from "node:path";
import { quote } from "./configuration.ts";
import { errorCode, type Failure, failure } from "./failure.ts";
import type { ModelDirectory } from "./model-directory.ts";
import { modelName } from "./model-name.ts";
import { packingOf } from "./packing.ts";
import type { SourceRequest } from "./source.ts";
import { treeDigest } from "./tree-digest.ts";
import { unpackFile } from "./unpack-file.ts";

/** Large enough that a copy spends its time in the disk. */
const copyBytes = 1024 * 1024;

/** Makes the model of what lies at a real path of the pod (a file, an archive or a folder), and returns the digest. */
export async function copyModel(path: string, request: SourceRequest): Promise<string> {
  const { uri, directory, signal, onBytes, checkDigest } = request;
  const found = await stat(path);
  let digest: string;
  if (found.isDirectory()) {
    await copyFolder({ root: path, uri, directory, onBytes, signal }, "");
    digest = treeDigest(directory.files());
  } else digest = await copyFile(path, found.size, request);
  checkDigest(digest);
  return digest;
}

async function copyFile(path: string, size: number, request: SourceRequest): Promise<string> {
  const { uri, directory, limits, signal, onBytes } = request;
  const source = await openRegular(path, uri);
  try {
    const packing = await packingOf({ absolutePath: path, size }, limits, signal);
    const name = basename(path);
    if (packing.gzip || packing.tar) return await unpackFile({ absolutePath: path, size, name }, packing, request);
    const file = await directory.write(modelName(name), read(source, onBytes, signal));
    return `sha256:${file.sha256}`;
  } finally {
    await source.close();
  }
}

interface FolderCopy {
  /** Real path of the folder; nothing outside it is read. */
  readonly root: string;
  readonly uri: string;
  readonly directory: ModelDirectory;
  readonly onBytes: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/** Made by ext file systems at the top of every volume, for root's eyes only. */
const lostAndFound = "lost+found";

/**
 * Copies regular files and folders. A link is followed when it leads to a file inside the folder: ConfigMaps and
 * projected volumes show every file as one, into a folder whose name starts with `..`, which is itself left out.
 */
async function copyFolder(copy: FolderCopy, below: string): Promise<void> {
  const names = (await list(copy, below)).filter((name) => !name.startsWith("..")).toSorted();
  for (const name of names) {
    const path = join(below, name);
    if (path === lostAndFound) continue;
    const kind = await lstat(join(copy.root, path));
    if (kind.isDirectory()) {
      await copyFolder(copy, path);
    } else {
      const source = await openRegular(await insideRoot(copy.root, path), copy.uri);
      try {
        await copy.directory.write(path, read(source, copy.onBytes, copy.signal));
      } finally {
        await source.close();
      }
    }
  }
}

async function list({ root, uri }: FolderCopy, below: string): Promise<string[]> {
  return readdir(join(root, below)).catch((error: unknown) => {
    throw unreadable(error, uri);
  });
}

async function insideRoot(root: string, path: string): Promise<string> {
  const real = await realpath(join(root, path)).catch(() => "");
  if (real.startsWith(root + sep)) return real;
  throw failure("UnsafeArchive", `${quote(path)} of the model's folder is a link that leads out of it or nowhere.`);
}

async function openRegular(path: string, uri: string): Promise<FileHandle> {
  try {
    // Without O_NONBLOCK, opening a pipe would wait for a writer for ever.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if ((await handle.stat()).isFile()) return handle;
    await handle.close();
  } catch (error) {
    throw unreadable(error, uri);
  }
  throw failure("UnsafeArchive", `${quote(uri)} holds something that is neither a file nor a folder.`);
}

async function* read(
  source: FileHandle,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const buffer = Buffer.alloc(copyBytes);
  let position = 0;
  for (;;) {
    signal.throwIfAborted();
    const { bytesRead } = await source.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    onBytes(bytesRead);
    // Whoever takes a piece is done with it before the next one is read into the same memory.
    yield buffer.subarray(0, bytesRead);
  }
}

/** A path of the pod that cannot be opened, as a failure. */
export function unreadable(error: unknown, uri: string): Failure {
  const code = errorCode(error);
  if (code === "ENOENT" || code === "ENOTDIR") {
    return failure(
      "NotFound",
      uri.startsWith("pvc:")
        ? `The claim holds nothing at ${quote(uri)}. Check the path, or write the model to it.`
        : `Nothing lies at ${quote(uri)} in the pod. Mount the volume that holds it (podTemplate).`,
    );
  }
  if (code === "EACCES" || code === "EPERM") {
    return failure("Unauthorized", `The pod's user may not read ${quote(uri)}. Make it readable, or set fsGroup.`);
  }
  return failure("SourceUnavailable", `${quote(uri)} cannot be read (${code}).`);
}
