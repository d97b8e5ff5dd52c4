import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

/**
 * Opens a file of zeros that has no name, for processes that inherit it; undefined: it cannot be made there. Of its full
 * size from the beginning: it must not be too small when it is written to, as where the folder is full by then.
 */
export function openNamelessFile(folder: string, bytes: number): number | undefined {
  let descriptor: number | undefined;
  try {
    const own = mkdtempSync(join(folder, "slipway-"));
    try {
      descriptor = openSync(join(own, "file"), constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
      if (writeSync(descriptor, Buffer.alloc(bytes), 0, bytes, 0) === bytes) return descriptor;
    } finally {
      rmSync(own, { recursive: true });
    }
  } catch {
    // Another folder may do.
  }
  if (descriptor !== undefined) closeSync(descriptor);
  return undefined;
}

/** In memory, and writable in most containers; where it is not, the folder for temporary files may be. */
export const namelessFileFolders = ["/dev/shm", "/tmp"];
