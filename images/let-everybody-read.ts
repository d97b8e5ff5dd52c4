import { chmod, readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/**
 * Gives a folder and what is in it the modes that the files of an image need: they belong to root and are read by
 * another user. Without this they would have those that the umask of whoever installed the packages and builds the
 * image leaves, and so would every build of the same commit.
 */
export async function letEverybodyRead(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) await chmod(path, 0o755);
    else if (entry.isFile()) await chmod(path, ((await stat(path)).mode & ownerMayRun) === 0 ? 0o644 : 0o755);
  }
}

const ownerMayRun = 0o100;
