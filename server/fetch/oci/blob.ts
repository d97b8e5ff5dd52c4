import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { type Failure, failure, isFailure, toFailure } from "../failure.ts";
import type { FetchLimits } from "../limits.ts";
import { writeAll } from "../model-directory.ts";
import { withRetries } from "../retry.ts";
import type { RegistryClient } from "./client.ts";
import { transportFailure } from "./errors.ts";
import type { Descriptor } from "./manifest.ts";

export interface BlobOptions {
  readonly host: string;
  readonly limits: FetchLimits;
  readonly signal: AbortSignal;
  readonly onRetry: (failure: Failure, delayMilliseconds: number) => void;
  readonly onBytes: (bytes: number) => void;
}

/**
 * Downloads a blob into an empty file and checks size and sha256 on the way. A cut connection goes on where it broke
 * (`Range`); a registry that ignores the range is read from the start again.
 */
export async function downloadBlob(
  client: RegistryClient,
  blob: Descriptor,
  file: FileHandle,
  options: BlobOptions,
): Promise<void> {
  let hash = createHash("sha256");
  let received = 0;
  // How far any attempt before this one came: a registry that always starts anew and breaks makes no progress.
  let furthest = 0;

  const attempt = async (): Promise<void> => {
    furthest = Math.max(furthest, received);
    const { offset, body } = await client.blob(blob.digest, received);
    if (offset !== received) {
      hash = createHash("sha256");
      received = 0;
      await file.truncate(0);
    }
    try {
      for await (const chunk of body as AsyncIterable<Uint8Array>) {
        if (received + chunk.byteLength > blob.size) throw damaged(blob, `more than its ${blob.size} bytes arrived`);
        hash.update(chunk);
        await write(file, chunk, received);
        received += chunk.byteLength;
        options.onBytes(chunk.byteLength);
      }
    } catch (error) {
      // A connection that breaks after the last byte has done its work.
      if (!isFailure(error) && received === blob.size) return;
      throw isFailure(error) ? error : transportFailure(error, options.host, options.limits);
    }
    if (received < blob.size) {
      throw failure(
        "SourceUnavailable",
        `${options.host} ended layer ${blob.digest} after ${received} of ${blob.size} bytes.`,
        {},
      );
    }
  };

  if (blob.size > 0) {
    await withRetries(attempt, { ...options, progressed: () => received > furthest });
  }
  const digest = `sha256:${hash.digest("hex")}`;
  if (digest !== blob.digest) throw damaged(blob, `the bytes have the digest ${digest}`);
}

/** Errors of our own disk must not look like errors of the connection, which would be tried again. */
async function write(file: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  try {
    await writeAll(file, chunk, position);
  } catch (error) {
    throw toFailure(error);
  }
}

function damaged(blob: Descriptor, what: string): Failure {
  return failure("DigestMismatch", `Layer ${blob.digest} is damaged in the registry: ${what}. Push the model again.`);
}
