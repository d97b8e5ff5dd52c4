import { type Compression, compressionOf } from "./compression.ts";
import { isTar, tarBlockBytes } from "./tar-block.ts";
import { type Compressed, inflate } from "./inflate.ts";
import type { FetchLimits } from "../limits.ts";

/** What a file is packed in, as its own bytes tell, and how it begins once it is decompressed. */
export interface Packing {
  readonly compression: Compression;
  readonly tar: boolean;
  readonly start: Buffer;
}

/** Whether there is anything to unpack. */
export function isPacked({ compression, tar }: Packing): boolean {
  return tar || compression !== "none";
}

/** The first block of a tar, and enough to tell a web page. */
const startBytes = tarBlockBytes;

export async function packingOf(
  file: Omit<Compressed, "compression">,
  limits: FetchLimits,
  signal: AbortSignal,
): Promise<Packing> {
  const compression = await compressionOf(file.absolutePath);
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of inflate({ ...file, compression }, limits, signal)) {
    pieces.push(piece);
    length += piece.byteLength;
    if (length >= startBytes) break;
  }
  const start = Buffer.concat(pieces).subarray(0, startBytes);
  return { compression, tar: isTar(start), start };
}
