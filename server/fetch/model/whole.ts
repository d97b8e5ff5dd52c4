import { stat } from "node:fs/promises";
import { drain } from "../drain.ts";
import { failure, isFailure } from "../failure.ts";
import { inflate } from "../archive/inflate.ts";
import type { FetchLimits } from "../limits.ts";
import { withFileBytes } from "../onnx/file-bytes.ts";
import { readModel } from "../onnx/read-model.ts";
import { isPacked, packingOf } from "../archive/packing.ts";
import { readTar } from "../archive/read-tar.ts";

/**
 * Judges a download whose length nobody told, by what it holds: there, a connection that is cut looks like the end.
 * Where it ends too early, that is worth another try.
 */
export async function requireWhole(
  { absolutePath, host }: { readonly absolutePath: string; readonly host: string },
  limits: FetchLimits,
  signal: AbortSignal,
): Promise<void> {
  try {
    const { size } = await stat(absolutePath);
    if (size === 0) throw failure("TruncatedModel", "Not one byte of the model came.");
    const file = { absolutePath, size };
    const packing = await packingOf(file, limits, signal);
    const packed = { ...file, compression: packing.compression };
    if (packing.tar) await readTar(packed, limits, signal, (_entry, content) => drain(content));
    else if (isPacked(packing)) await drain(inflate(packed, limits, signal));
    else withFileBytes(absolutePath, readModel);
  } catch (error) {
    if (!isFailure(error)) throw error;
    // Any other failure is one of the whole, too, and told when the model is made of it.
    if (error.reason !== "TruncatedModel") return;
    throw failure(
      "TruncatedModel",
      `${error.message} ${host} does not tell its length, so it may as well be the connection that was cut: look at the server, and at proxies before it.`,
      {},
    );
  }
}
