import { createReadStream } from "node:fs";
import { type Readable, pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { errorCode, type Failure, failure } from "./failure.ts";
import type { FetchLimits } from "./limits.ts";

export interface Gzipped {
  /** On disk, as far as it has come. */
  readonly absolutePath: string;
  readonly size: number;
  /** `false`: as it is. */
  readonly gzip: boolean;
}

/**
 * The bytes of a file, out of its gzip where it is in one. How much comes out is bounded while it is inflated, before
 * anything is written. Fails with `TruncatedModel` where the gzip ends early, and with `NotAModel` where it is damaged.
 */
export async function* inflate(
  file: Gzipped,
  limits: FetchLimits,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { absolutePath, size, gzip } = file;
  const bound = inflationBound(file, limits);
  const input = createReadStream(absolutePath, { signal });
  // An error of the input reaches whoever reads the output, which is all that the callback could be told.
  const output: Readable = gzip ? pipeline(input, createGunzip(), () => undefined) : input;
  let passed = 0;
  try {
    for await (const piece of output as AsyncIterable<Uint8Array>) {
      passed += piece.byteLength;
      if (passed > bound) throw inflatesTooFar(bound);
      yield piece;
    }
  } catch (error) {
    throw ofGzip(error, size) ?? error;
  }
}

/** What may come out of a file of this size. */
export function inflationBound({ size }: Pick<Gzipped, "size">, limits: FetchLimits): number {
  return Math.max(limits.inflationAllowanceBytes, size * limits.inflationRatio);
}

export function inflatesTooFar(bound: number): Failure {
  return failure(
    "TooLarge",
    `The archive unpacks to more than ${bound} bytes, far more than its own size allows for. Push the files as plain layers if they are meant to be that large.`,
  );
}

/** zlib's errors are about the bytes; all others (the disk, a stop) are not. */
function ofGzip(error: unknown, size: number): Failure | undefined {
  const code = errorCode(error);
  if (!code.startsWith("Z_")) return undefined;
  if (code === "Z_BUF_ERROR") {
    return failure("TruncatedModel", `The gzip ends too early, after ${size} bytes: it was cut. Upload it again.`);
  }
  return failure("NotAModel", `The file is gzip, but its bytes are damaged (${code}). Pack and upload it again.`);
}
