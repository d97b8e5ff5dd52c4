import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { quote } from "../configuration.ts";
import { downloadFolder, entryPath } from "../archive/entry-path.ts";
import { errorCode, type Failure, failure } from "../failure.ts";
import type { FetchLimits } from "../limits.ts";
import type { ModelFile } from "./tree-digest.ts";

/**
 * The folder that a model is written into. Nothing reaches it but new regular files under safe paths: a name that is
 * there already, a part of it that is a file, or one file more than allowed is refused, and bytes are counted while
 * they are written.
 */
export interface ModelDirectory {
  /** An empty new file. Who opened it closes it and tells {@link record} what it holds. */
  create(name: string): Promise<{ readonly path: string; readonly absolutePath: string; readonly handle: FileHandle }>;
  record(path: string, file: ModelFile): void;
  /** Counts bytes that are about to be written against the bound; {@link write} does so by itself. */
  reserve(bytes: number): void;
  /** Bytes that may still be written. */
  remaining(): number;
  /** Creates, writes and records a file. */
  write(name: string, content: AsyncIterable<Uint8Array>): Promise<ModelFile>;
  /** An empty new file outside the model, for what is still to be unpacked, or to be told by its bytes. */
  createDownload(name: string): Promise<{ readonly absolutePath: string; readonly handle: FileHandle }>;
  /** Moves a finished download to its place in the model, and records it. */
  adopt(absolutePath: string, name: string, file: ModelFile): Promise<void>;
  discardDownloads(): Promise<void>;
  /** As it was at first, for another set of files. */
  empty(): Promise<void>;
  /** Where a recorded file lies. */
  placeOf(path: string): string;
  /** All files recorded, by path. */
  files(): ReadonlyMap<string, ModelFile>;
}

/** Opens `directory` and empties it first: what lies there is left over from an attempt that ended half-way. */
export async function openModelDirectory(directory: string, limits: FetchLimits): Promise<ModelDirectory> {
  const files = new Map<string, ModelFile>();
  let created = 0;
  let reserved = 0;

  const self: ModelDirectory = {
    async create(name) {
      const path = entryPath(name);
      created += 1;
      if (created > limits.files) {
        throw failure("TooLarge", `The model has more than the ${limits.files} files that are allowed.`);
      }
      try {
        const absolutePath = join(directory, path);
        await mkdir(dirname(absolutePath), { recursive: true });
        return { path, absolutePath, handle: await openNew(absolutePath) };
      } catch (error) {
        if (["EEXIST", "ENOTDIR", "EISDIR"].includes(errorCode(error))) {
          throw failure("UnsafeArchive", `The artifact holds ${quote(path)} twice. Every file may occur once.`);
        }
        throw error;
      }
    },

    record(path, file) {
      files.set(path, file);
    },

    reserve(bytes) {
      reserved += bytes;
      if (reserved > limits.totalBytes) throw tooManyBytes(limits);
    },

    remaining: () => limits.totalBytes - reserved,

    async write(name, content) {
      const { path, handle } = await self.create(name);
      try {
        const hash = createHash("sha256");
        let size = 0;
        for await (const chunk of content) {
          self.reserve(chunk.byteLength);
          hash.update(chunk);
          await writeAll(handle, chunk, size);
          size += chunk.byteLength;
        }
        const file = { size, sha256: hash.digest("hex") };
        self.record(path, file);
        return file;
      } finally {
        await handle.close();
      }
    },

    async createDownload(name) {
      const absolutePath = join(directory, downloadFolder, name);
      await mkdir(dirname(absolutePath), { recursive: true });
      await rm(absolutePath, { force: true });
      return { absolutePath, handle: await openNew(absolutePath) };
    },

    async adopt(absolutePath, name, file) {
      const { path, handle } = await self.create(name);
      await handle.close();
      self.reserve(file.size);
      await rename(absolutePath, join(directory, path));
      self.record(path, file);
    },

    async discardDownloads() {
      await rm(join(directory, downloadFolder), { recursive: true, force: true });
    },

    async empty() {
      files.clear();
      created = 0;
      reserved = 0;
      for (const leftover of await readdir(directory)) {
        await rm(join(directory, leftover), { recursive: true, force: true });
      }
    },

    placeOf: (path) => join(directory, path),

    files: () => files,
  };

  await mkdir(directory, { recursive: true });
  await self.empty();
  return self;
}

export function tooManyBytes({ totalBytes }: FetchLimits): Failure {
  return failure(
    "TooLarge",
    `The model is larger than the ${totalBytes} bytes that are allowed. Raise source.sizeLimit if that is meant.`,
  );
}

/** `FileHandle.write` may take fewer bytes than it is given. */
export async function writeAll(handle: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  let offset = 0;
  while (offset < chunk.byteLength) {
    const { bytesWritten } = await handle.write(chunk, offset, chunk.byteLength - offset, position + offset);
    offset += bytesWritten;
  }
}

async function openNew(path: string): Promise<FileHandle> {
  // O_EXCL refuses what exists, a link to elsewhere included.
  return open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o644);
}
