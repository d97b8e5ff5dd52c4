import { open } from "node:fs/promises";

/** What a file is compressed with; `none`: it is as it is. */
export type Compression = "gzip" | "zstd" | "none";

const magicBytes = 4;

/**
 * Told by the first bytes (RFC 1952, RFC 8878), not by names, headers or media types: tools write these wrong, and a server
 * may send a file in gzip under its own name and without being asked to. A file of zstd may start with a frame to skip.
 */
export async function compressionOf(absolutePath: string): Promise<Compression> {
  const handle = await open(absolutePath);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(magicBytes), 0, magicBytes, 0);
    if (bytesRead >= 2 && buffer.readUInt16BE() === 0x1f8b) return "gzip";
    if (bytesRead < magicBytes) return "none";
    const magic = buffer.readUInt32LE();
    return magic === 0xfd2fb528 || (magic >= 0x184d2a50 && magic <= 0x184d2a5f) ? "zstd" : "none";
  } finally {
    await handle.close();
  }
}
