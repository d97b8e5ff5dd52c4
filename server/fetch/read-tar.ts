import { pipeline } from "node:stream/promises";
import { extract } from "tar-stream";
import type { Compression } from "./archive/compression.ts";
import { expandSparse, oldSparse } from "./archive/sparse-file.ts";
import { typeOffset } from "./archive/tar-block.ts";
import { type TarEntry, tarEntry } from "./archive/tar-entry.ts";
import { quote } from "./configuration.ts";
import { type Failure, failure, isFailure } from "./failure.ts";
import { type Compressed, inflate, inflatesTooFar, inflationBound } from "./inflate.ts";
import type { FetchLimits } from "./limits.ts";

/** Tars from before POSIX, which have no magic: a header is judged by its checksum alone. */
const ofAnyAge: Parameters<typeof extract>[0] & { readonly allowUnknownFormat: true } = { allowUnknownFormat: true };

/**
 * Hands over the entries of a tar one after the other, each to be read to its end; sparse files with their holes. Fails
 * with `TruncatedModel` where the tar ends early, with `NotAModel` where it is damaged or none, and with `TooLarge` where
 * its files have far more bytes than it has.
 */
export async function readTar(
  archive: Compressed,
  limits: FetchLimits,
  signal: AbortSignal,
  use: (entry: TarEntry, content: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<void> {
  const bound = inflationBound(archive, limits);
  let unpacked = 0;
  const tar = extract(ofAnyAge);
  const feeding = pipeline(inflate(archive, limits, signal), tar, { signal });
  // Awaited below; a failure of the loop must not leave it unhandled in the meantime.
  feeding.catch(() => undefined);
  try {
    for await (const source of tar) {
      const entry = tarEntry(source.header);
      // Its map lies where no reader that does not know it finds the next entry.
      if (entry.kind === "other" && (await typeFlag(archive, source, limits, signal)) === "S")
        throw oldSparse(entry.name);
      unpacked += entry.size;
      if (unpacked > bound) throw inflatesTooFar(bound);
      const stored = source as AsyncIterable<Uint8Array>;
      await use(entry, entry.sparse === undefined ? stored : expandSparse(entry.sparse, stored));
    }
    await feeding;
  } catch (error) {
    tar.destroy();
    const ofFeeding = await feeding.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    throw explain([error, ofFeeding], archive);
  }
}

/** The type of an entry that tar-stream has no name for, read once more from the archive; of others nothing. */
async function typeFlag(
  archive: Compressed,
  { header, offset }: { readonly header: { readonly type: unknown }; readonly offset: number },
  limits: FetchLimits,
  signal: AbortSignal,
): Promise<string> {
  if (header.type !== null) return "";
  let start = 0;
  for await (const piece of inflate(archive, limits, signal)) {
    const found = piece[offset + typeOffset - start];
    if (found !== undefined) return String.fromCharCode(found);
    start += piece.byteLength;
  }
  return "";
}

/**
 * One fault shows itself on both ends of the pipeline, and on one of them only as a stream that was destroyed. A failure
 * of ours, the disk or a stop goes on as it is; everything else is about the bytes of the archive.
 */
function explain(errors: readonly unknown[], { size, compression }: Compressed): unknown {
  const passing = errors.find(isFailure) ?? errors.find((error) => isOfDisk(error) || isAbort(error));
  if (passing !== undefined) return passing;
  const messages = errors.filter((error) => error instanceof Error).map(({ message }) => message);
  if (messages.includes(cutMessage)) {
    return failure("TruncatedModel", `The tar ends too early, after ${size} bytes: it was cut. Upload it again.`);
  }
  const telling = messages.find((message) => !/destroyed|premature close/i.test(message)) ?? messages[0] ?? "no tar";
  return noTar(telling, compression);
}

/** tar-stream's own words for a tar that ends inside an entry. */
const cutMessage = "Unexpected end of data";

function noTar(telling: string, compression: Compression): Failure {
  const single =
    compression === "none"
      ? ""
      : ` If it is a single model in ${compression}, decompress it and push the model itself.`;
  return failure(
    "NotAModel",
    `The archive cannot be read as tar: ${quote(telling)}. Pack it again and push it.${single}`,
  );
}

function isOfDisk(error: unknown): boolean {
  return error instanceof Error && "syscall" in error;
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}
