import { pipeline } from "node:stream/promises";
import { extract, type Header } from "tar-stream";
import { quote } from "./configuration.ts";
import { type Failure, failure, isFailure } from "./failure.ts";
import { type Gzipped, inflate } from "./inflate.ts";
import type { FetchLimits } from "./limits.ts";

/**
 * Hands over the entries of a tar one after the other, each to be read to its
 * end. Fails with `TruncatedModel` where the
 * tar ends early, and with `NotAModel` where it is damaged or none.
 */
export async function readTar(
  archive: Gzipped,
  limits: FetchLimits,
  signal: AbortSignal,
  use: (header: Header, content: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<void> {
  const tar = extract();
  const feeding = pipeline(inflate(archive, limits, signal), tar, { signal });
  // Awaited below; a failure of the loop must not leave it unhandled in the meantime.
  feeding.catch(() => undefined);
  try {
    for await (const entry of tar) await use(entry.header, entry as AsyncIterable<Uint8Array>);
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

/**
 * One fault shows itself on both ends of the pipeline, and on one of them only as a stream that was destroyed. A failure
 * of ours, the disk or a stop goes on as it is; everything else is about the bytes of the archive.
 */
function explain(errors: readonly unknown[], { size, gzip }: Gzipped): unknown {
  const passing = errors.find(isFailure) ?? errors.find((error) => isOfDisk(error) || isAbort(error));
  if (passing !== undefined) return passing;
  const messages = errors.filter((error) => error instanceof Error).map(({ message }) => message);
  if (messages.includes(cutMessage)) {
    return failure("TruncatedModel", `The tar ends too early, after ${size} bytes: it was cut. Upload it again.`);
  }
  const telling = messages.find((message) => !/destroyed|premature close/i.test(message)) ?? messages[0] ?? "no tar";
  return noTar(telling, gzip);
}

/** tar-stream's own words for a tar that ends inside an entry. */
const cutMessage = "Unexpected end of data";

function noTar(telling: string, gzip: boolean): Failure {
  const single = gzip ? " If it is a single model in gzip, gunzip it and push the model itself." : "";
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
