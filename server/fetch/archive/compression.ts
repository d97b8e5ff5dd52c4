import { open } from "node:fs/promises";
import { failure } from "../failure.ts";

/** What a file is compressed with; `none`: it is as it is. */
export type Compression = "gzip" | "zstd" | "none";

const magicBytes = 6;

/** What is not read, by its first bytes: a model starts with none of them. */
const unreadMagic: Readonly<Record<string, RegExp>> = { xz: /^\xfd7zXZ\0/, bzip2: /^BZh[1-9]1A/ };

/**
 * Told by the first bytes (RFC 1952, RFC 8878), not by names, headers or media types: tools write these wrong, and a server
 * may send a file in gzip under its own name and without being asked to. A file of zstd may start with a frame to skip.
 * Fails with `NotAModel` on what is packed in another way that tar knows.
 */
export async function compressionOf(absolutePath: string): Promise<Compression> {
  const handle = await open(absolutePath);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(magicBytes), 0, magicBytes, 0);
    if (bytesRead >= 2 && buffer.readUInt16BE() === 0x1f8b) return "gzip";
    if (bytesRead < magicBytes) return "none";
    const start = buffer.toString("latin1");
    for (const [format, magic] of Object.entries(unreadMagic)) {
      if (magic.test(start)) {
        throw failure(
          "NotAModel",
          `The file is packed in ${format}: gzip and zstd are read. Pack it with tar --gzip or tar --zstd.`,
        );
      }
    }
    const magic = buffer.readUInt32LE();
    return magic === 0xfd2fb528 || (magic >= 0x184d2a50 && magic <= 0x184d2a5f) ? "zstd" : "none";
  } finally {
    await handle.close();
  }
}
