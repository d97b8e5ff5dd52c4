import { createReadStream } from "node:fs";
import { type Readable, pipeline } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import type { Compression } from "./compression.ts";
import { zstdFrames } from "./zstd-frames.ts";
import { errorCode, type Failure, failure } from "../failure.ts";
import type { FetchLimits } from "../limits.ts";

export interface Compressed {
  /** On disk, as far as it has come. */
  readonly absolutePath: string;
  readonly size: number;
  readonly compression: Compression;
}

/**
 * The bytes of a file, out of its gzip or zstd where it is in one. How much comes out is bounded while it is inflated,
 * before anything is written. Fails with `TruncatedModel` where it ends early, and with `NotAModel` where it is damaged.
 */
export async function* inflate(
  file: Compressed,
  limits: FetchLimits,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const bound = inflationBound(file, limits);
  let passed = 0;
  try {
    for await (const piece of decompressors[file.compression](file, signal)) {
      passed += piece.byteLength;
      if (passed > bound) throw inflatesTooFar(bound);
      yield piece;
    }
  } catch (error) {
    throw ofCompression(error, file) ?? error;
  }
}

/** What may come out of a file of this size. */
export function inflationBound({ size }: Pick<Compressed, "size">, limits: FetchLimits): number {
  return Math.max(limits.inflationAllowanceBytes, size * limits.inflationRatio);
}

export function inflatesTooFar(bound: number): Failure {
  return failure(
    "TooLarge",
    `The archive unpacks to more than ${bound} bytes, far more than its own size allows for. Push the files as plain layers if they are meant to be that large.`,
  );
}

type Decompress = (file: Pick<Compressed, "absolutePath" | "size">, signal: AbortSignal) => AsyncIterable<Uint8Array>;

const decompressors: Readonly<Record<Compression, Decompress>> = {
  none: ({ absolutePath }, signal) => createReadStream(absolutePath, { signal }),
  // An error of the input reaches whoever reads the output, which is all that the callback could be told.
  gzip: ({ absolutePath }, signal): Readable =>
    pipeline(createReadStream(absolutePath, { signal }), createGunzip(), () => undefined),
  // A file of zstd is a row of frames, as podman writes one for every file of a layer. Node's bound on the window of a
  // frame stays: 128 MiB of memory.
  zstd: ({ absolutePath }, signal): Readable =>
    pipeline(
      createReadStream(absolutePath, { signal }),
      (input: AsyncIterable<Uint8Array>) => zstdFrames(input[Symbol.asyncIterator]()),
      createZstdDecompress(),
      () => undefined,
    ),
};

/** zlib's errors are about the bytes; all others (the disk, a stop) are not. */
function ofCompression(error: unknown, { size, compression }: Compressed): Failure | undefined {
  const code = errorCode(error);
  if (!/^(?:Z|ZSTD)_/.test(code)) return undefined;
  if (code === "Z_BUF_ERROR") {
    return failure(
      "TruncatedModel",
      `The ${compression} ends too early, after ${size} bytes: it was cut. Upload it again.`,
    );
  }
  if (code === "ZSTD_error_frameParameter_windowTooLarge") {
    return failure(
      "NotAModel",
      "The zstd takes more than 128 MiB of memory to decompress. Compress it again without --long and --ultra.",
    );
  }
  return failure(
    "NotAModel",
    `The file is ${compression}, but its bytes are damaged (${code}). Pack and upload it again.`,
  );
}
