import { createReadStream } from "node:fs";
import { Transform, type TransformCallback } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract, type Header } from "tar-stream";
import { quote } from "./configuration.ts";
import { entryPath } from "./entry-path.ts";
import { failure, isFailure } from "./failure.ts";
import type { FetchLimits } from "./limits.ts";
import type { ModelDirectory } from "./model-directory.ts";

export interface Archive {
  /** A whole tar or tar+gzip on disk, its digest already checked where one is known. */
  readonly absolutePath: string;
  readonly size: number;
  readonly gzip: boolean;
}

/**
 * Unpacks a tar into the model directory: regular files and folders only. Links, devices and pipes are refused, not
 * skipped, because a model that comes with them is either an attack or would lack files. Names are judged by
 * {@link entryPath}; how much comes out is bounded while it is inflated, before it is written.
 */
export async function unpack(
  archive: Archive,
  directory: ModelDirectory,
  limits: FetchLimits,
  signal: AbortSignal,
): Promise<void> {
  const bound = Math.max(limits.inflationAllowanceBytes, archive.size * limits.inflationRatio);
  const tar = extract();
  const input = createReadStream(archive.absolutePath);
  const stages = archive.gzip ? [createGunzip(), boundedBy(bound)] : [boundedBy(bound)];
  const feeding = pipeline([input, ...stages, tar], { signal });
  // Awaited below; a failure of the loop must not leave it unhandled in the meantime.
  feeding.catch(() => undefined);
  try {
    for await (const entry of tar) {
      if (entry.header.type === "directory") {
        if (!isRoot(entry.header.name)) entryPath(entry.header.name);
        entry.resume();
      } else {
        requireRegularFile(entry.header);
        await directory.write(entry.header.name, entry as AsyncIterable<Uint8Array>);
      }
    }
    await feeding;
  } catch (error) {
    tar.destroy();
    input.destroy();
    const ofFeeding = await feeding.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    throw explain([error, ofFeeding]);
  }
}

/** `tar -C folder .` starts with an entry for the folder itself. */
function isRoot(name: string): boolean {
  return name === "." || name === "./";
}

function requireRegularFile({ type, name }: Header): void {
  if (type === "file" || type === "contiguous-file") return;
  throw failure(
    "UnsafeArchive",
    `The archive holds ${quote(name)}, a ${type ?? "entry of unknown type"}. Pack regular files only (tar --dereference --hard-dereference).`,
  );
}

function boundedBy(bound: number): Transform {
  let passed = 0;
  return new Transform({
    transform(chunk: Uint8Array, _encoding: BufferEncoding, done: TransformCallback): void {
      passed += chunk.byteLength;
      if (passed > bound) {
        done(
          failure(
            "TooLarge",
            `The archive unpacks to more than ${bound} bytes, far more than its own size allows for. Push the files as plain layers if they are meant to be that large.`,
          ),
        );
      } else done(null, chunk);
    },
  });
}

/**
 * One fault shows itself on both ends of the pipeline, and on one of them only as a stream that was destroyed. A failure
 * of ours, the disk or a stop goes on as it is; everything else is about the bytes of the archive.
 */
function explain(errors: readonly unknown[]): unknown {
  const passing = errors.find(isFailure) ?? errors.find((error) => isOfDisk(error) || isAbort(error));
  if (passing !== undefined) return passing;
  const messages = errors.filter((error) => error instanceof Error).map(({ message }) => message);
  const telling = messages.find((message) => !/destroyed|premature close/i.test(message)) ?? messages[0] ?? "no tar";
  return failure("UnsafeArchive", `The archive cannot be read as tar: ${quote(telling)}. Pack it again and push it.`);
}

function isOfDisk(error: unknown): boolean {
  return error instanceof Error && "syscall" in error;
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}
