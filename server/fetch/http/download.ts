import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { type Failure, failure, isFailure, toFailure } from "../failure.ts";
import { writeAll } from "../model/model-directory.ts";
import { type RetryOptions, withRetries } from "../retry.ts";
import type { ModelFile } from "../model/tree-digest.ts";
import { discard } from "./body.ts";
import { transportFailure } from "./errors.ts";
import { createPace } from "./pace.ts";
import type { Opened, Position } from "./range.ts";

export interface Download {
  /** For messages: `layer sha256:…`, a file's name. */
  readonly what: string;
  /** Of the whole, where it is known before anything is asked for; else what the server says counts. */
  readonly size?: number | undefined;
  /** Bytes that may arrive, and the failure to throw for more. */
  readonly bound: number;
  readonly refuseLarger: (bytes: number) => Failure;
  /** One attempt to open the body at a position, or at the start. */
  readonly open: (at: Position) => Promise<Opened>;
  /** Called at the end of a body whose length nobody told: throws a failure to try again when what came was cut. */
  readonly requireWhole?: (host: string) => Promise<void>;
  /** Told what the server says of the size of the whole. */
  readonly onSize?: (bytes: number) => void;
}

export interface DownloadOptions extends Omit<RetryOptions, "progressed"> {
  readonly onBytes: (bytes: number) => void;
}

/**
 * Downloads into an empty file, with the digest on the way. A connection that is cut, silent or too slow is followed by
 * another one that goes on where it broke, as long as attempts bring something; the first bytes are kept as they came.
 */
export async function download(
  { what, size: expected, bound, refuseLarger, open, requireWhole, onSize }: Download,
  file: FileHandle,
  options: DownloadOptions,
): Promise<ModelFile> {
  const { limits, now } = options;
  let hash = createHash("sha256");
  let received = 0;
  let size = expected;
  let validator: string | undefined;
  // How far any attempt before this one came: a server that always starts anew and breaks makes no progress.
  let furthest = 0;
  let started = now();

  const attempt = async (): Promise<void> => {
    furthest = Math.max(furthest, received);
    started = now();
    const opened = await open({ offset: received, validator });
    const { offset, body, host } = opened;
    if (offset !== received) {
      hash = createHash("sha256");
      options.onBytes(-received);
      received = 0;
      await file.truncate(0);
    }
    size = expected ?? opened.size;
    validator = opened.validator;
    const larger = (bytes: number): Failure => encodedFailure(what, expected, opened) ?? refuseLarger(bytes);
    if (opened.size !== undefined && opened.size > bound) {
      await discard(body);
      throw larger(opened.size);
    }
    if (opened.size !== undefined) onSize?.(opened.size);
    const pace = createPace(host, limits, now);
    try {
      for await (const chunk of body as AsyncIterable<Uint8Array>) {
        if (received + chunk.byteLength > bound) throw larger(received + chunk.byteLength);
        hash.update(chunk);
        await write(file, chunk, received);
        received += chunk.byteLength;
        options.onBytes(chunk.byteLength);
        pace(chunk.byteLength);
      }
    } catch (error) {
      // A connection that breaks after the last byte has done its work.
      if (!isFailure(error) && size !== undefined && received === size) return;
      throw isFailure(error) ? error : transportFailure(error, host, limits);
    }
    if (size !== undefined && received < size) {
      const encoded = encodedFailure(what, expected, opened);
      if (encoded !== undefined) throw encoded;
      throw failure("SourceUnavailable", `${host} ended ${what} after ${received} of ${size} bytes.`, {});
    }
    if (size === undefined) await requireWhole?.(host);
  };

  /** What an attempt brought counts when it came at the minimum rate: a trickle is as vain as silence. */
  const progressed = (): boolean =>
    received > furthest && received - furthest >= (limits.minimumBytesPerSecond * (now() - started)) / 1000;
  await withRetries(attempt, { ...options, progressed });
  return { size: received, sha256: hash.digest("hex") };
}

/**
 * Other bytes than were listed, and not by a change or a cut: the server packs or unpacks them on the way. Undefined where
 * it names no encoding, or announces just as many bytes as were listed.
 */
function encodedFailure(
  what: string,
  expected: number | undefined,
  { size, encoding, host }: Opened,
): Failure | undefined {
  if (expected === undefined || encoding === undefined || size === expected) return undefined;
  return failure(
    "SourceUnavailable",
    `${host} sends other bytes of ${what} than the ${expected} that are listed: it has Content-Encoding ${encoding}, and is packed or unpacked on the way. Upload it again without a Content-Encoding.`,
  );
}

/** Errors of our own disk must not look like errors of the connection, which would be tried again. */
async function write(file: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  try {
    await writeAll(file, chunk, position);
  } catch (error) {
    throw toFailure(error);
  }
}
