import { constants } from "node:fs";
import { type FileHandle, lstat, open, readdir, realpath, stat } from "node:fs/promises";
import { basename, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { quote } from "./configuration.ts";
import { errorCode, type Failure, failure } from "./failure.ts";
import type { ModelDirectory } from "./model-directory.ts";
import type { Source } from "./source.ts";
import { treeDigest } from "./tree-digest.ts";
import { unpack } from "./unpack.ts";

/** Large enough that a copy spends its time in the disk. */
const copyBytes = 1024 * 1024;

/**
 * `file:///path`: something that is mounted into the pod. A file is the model itself, or a tar or tar+gzip that is
 * unpacked (told by its bytes, not by its name); a folder is copied. The digest is known only after the copy.
 */
export const fetchFile: Source = async ({ uri, directory, limits, signal, onBytes, checkDigest }) => {
  const path = await realpath(localPath(uri)).catch((error: unknown) => {
    throw unreadable(error, uri);
  });
  const found = await stat(path);
  if (found.isDirectory()) {
    await copyFolder({ root: path, uri, directory, onBytes, signal }, "");
  } else {
    const source = await openRegular(path, uri);
    try {
      const archive = await archiveKind(source);
      if (archive === undefined) {
        const name = basename(path);
        const file = await directory.write(name.endsWith(".onnx") ? name : "model.onnx", read(source, onBytes, signal));
        const digest = `sha256:${file.sha256}`;
        checkDigest(digest);
        return digest;
      }
      await unpack({ absolutePath: path, size: found.size, gzip: archive.gzip }, directory, limits, signal);
    } finally {
      await source.close();
    }
  }
  const digest = treeDigest(directory.files());
  checkDigest(digest);
  return digest;
};

function localPath(uri: string): string {
  try {
    return fileURLToPath(uri);
  } catch {
    throw failure(
      "UnsupportedSource",
      `The uri ${quote(uri)} is no local path. Write file:///path with three slashes.`,
    );
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

/**
 * Copies regular files and folders. A link is followed when it leads to a file inside the folder: ConfigMaps and
 * projected volumes show every file as one, into a folder whose name starts with `..`, which is itself left out.
 */
async function copyFolder(copy: FolderCopy, below: string): Promise<void> {
  const names = (await readdir(join(copy.root, below))).filter((name) => !name.startsWith("..")).toSorted();
  for (const name of names) {
    const path = join(below, name);
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

/** gzip by RFC 1952's magic, tar by POSIX' `ustar`; undefined for anything else. */
async function archiveKind(source: FileHandle): Promise<{ readonly gzip: boolean } | undefined> {
  const start = Buffer.alloc(512);
  const { bytesRead } = await source.read(start, 0, start.length, 0);
  if (bytesRead > 2 && start[0] === 0x1f && start[1] === 0x8b) return { gzip: true };
  return start.toString("latin1", 257, 262) === "ustar" ? { gzip: false } : undefined;
}

function unreadable(error: unknown, uri: string): Failure {
  const code = errorCode(error);
  if (code === "ENOENT" || code === "ENOTDIR") {
    return failure(
      "NotFound",
      `Nothing lies at ${quote(uri)} in the pod. Mount the volume that holds it (podTemplate).`,
    );
  }
  if (code === "EACCES" || code === "EPERM") {
    return failure("Unauthorized", `The pod's user may not read ${quote(uri)}. Make it readable, or set fsGroup.`);
  }
  return failure("SourceUnavailable", `${quote(uri)} cannot be read (${code}).`);
}
