import { constants } from "node:fs";
import { type FileHandle, lstat, open, readdir, realpath, stat } from "node:fs/promises";
import { basename, join, sep } from "node:path";
import { quote } from "../configuration.ts";
import { errorCode, type Failure, failure } from "../failure.ts";
import { isStorageName } from "./storage-names.ts";

/** Large enough that a copy spends its time in the disk. */
const copyBytes = 1024 * 1024;

export interface ModelFolder {
  /** Real path of the folder; nothing outside it is read. */
  readonly root: string;
  readonly uri: string;
}

/**
 * The paths of the files of a folder, in the order of their names. A link is followed when it leads to a file inside the
 * folder: ConfigMaps and projected volumes show every file as one, into a folder whose name starts with `..`, which is
 * itself left out. What {@link isStorageName} knows is told to `leaveOut` instead; where there is none, it is a file like
 * any other.
 */
export async function* filesOf(
  folder: ModelFolder,
  below: string,
  leaveOut: ((path: string) => void) | undefined,
): AsyncGenerator<string, void, undefined> {
  const names = (await list(folder, below)).filter((name) => !name.startsWith("..")).toSorted();
  const place = { folder: basename(below), names: new Set(names) };
  for (const name of names) {
    const path = join(below, name);
    if (leaveOut !== undefined && isStorageName(name, place)) leaveOut(path);
    else if (await isFolder(folder, path)) yield* filesOf(folder, path, leaveOut);
    else yield path;
  }
}

/** Whether a path is a folder to look into. */
export async function isFolder(folder: ModelFolder, path: string): Promise<boolean> {
  const kind = await lstat(join(folder.root, path)).catch((error: unknown) => {
    throw unreadable(error, folder.uri);
  });
  if (!kind.isSymbolicLink()) return kind.isDirectory();
  // The kubelet shows a folder of a projected volume as one link at the top. Any other could lead round in circles.
  const real = await insideRoot(folder, path);
  return !path.includes(sep) && real.startsWith(`${folder.root}${sep}..`) && (await stat(real)).isDirectory();
}

/** Opens a file of the folder, through a link where it stays inside. */
export async function openInside(folder: ModelFolder, path: string): Promise<FileHandle> {
  return openRegular(await insideRoot(folder, path), folder.uri);
}

async function list({ root, uri }: ModelFolder, below: string): Promise<string[]> {
  return readdir(join(root, below)).catch((error: unknown) => {
    throw unreadable(error, uri);
  });
}

async function insideRoot({ root }: ModelFolder, path: string): Promise<string> {
  const real = await realpath(join(root, path)).catch(() => "");
  if (real.startsWith(root + sep)) return real;
  throw failure("UnsafeArchive", `${quote(path)} of the model's folder is a link that leads out of it or nowhere.`);
}

/** Opens what must be a regular file. */
export async function openRegular(path: string, uri: string): Promise<FileHandle> {
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

/** The bytes of a file, piece by piece into the same memory: whoever takes one is done with it before the next. */
export async function* read(
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
