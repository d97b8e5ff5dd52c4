import { open } from "node:fs/promises";
import { isTar, tarBlockBytes } from "./archive/tar-block.ts";
import { type Gzipped, inflate } from "./inflate.ts";
import type { FetchLimits } from "./limits.ts";

/** What a file is packed in, as its own bytes tell, and how it begins once it is out of its gzip. */
export interface Packing {
  readonly gzip: boolean;
  readonly tar: boolean;
  readonly start: Buffer;
}

/** The first block of a tar, and enough to tell a web page. */
const startBytes = tarBlockBytes;

/** Neither names nor headers count: a server may send a file in gzip under its own name and without being asked to. */
export async function packingOf(
  file: Omit<Gzipped, "gzip">,
  limits: FetchLimits,
  signal: AbortSignal,
): Promise<Packing> {
  const gzip = await isGzip(file.absolutePath);
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of inflate({ ...file, gzip }, limits, signal)) {
    pieces.push(piece);
    length += piece.byteLength;
    if (length >= startBytes) break;
  }
  const start = Buffer.concat(pieces).subarray(0, startBytes);
  return { gzip, tar: isTar(start), start };
}

/** By RFC 1952's magic. */
async function isGzip(absolutePath: string): Promise<boolean> {
  const handle = await open(absolutePath);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await handle.close();
  }
}
