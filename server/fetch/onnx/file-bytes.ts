import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { ByteSource } from "./protobuf.ts";

/** Small fields lie side by side, so one read serves many; weights are stepped over and cost nothing. */
const windowBytes = 64 * 1024;

/**
 * Runs `use` on the bytes of a file, then closes it. Reads are synchronous: the reader is a plain loop, and the process
 * has nothing else to do meanwhile.
 */
export function withFileBytes<T>(path: string, use: (bytes: ByteSource) => T): T {
  const descriptor = openSync(path, "r");
  try {
    const { size } = fstatSync(descriptor);
    let windowStart = 0;
    let window = Buffer.alloc(0);
    return use({
      size,
      read(offset, length) {
        if (offset < windowStart || offset + length > windowStart + window.length) {
          const buffer = Buffer.alloc(Math.max(length, Math.min(windowBytes, size - offset)));
          window = buffer.subarray(0, readFully(descriptor, buffer, offset));
          windowStart = offset;
        }
        const from = offset - windowStart;
        return window.subarray(from, from + length);
      },
    });
  } finally {
    closeSync(descriptor);
  }
}

function readFully(descriptor: number, buffer: Buffer, offset: number): number {
  let filled = 0;
  while (filled < buffer.length) {
    const count = readSync(descriptor, buffer, filled, buffer.length - filled, offset + filled);
    if (count === 0) break;
    filled += count;
  }
  return filled;
}
