import { join } from "node:path";
import { type CommandOutput, run } from "../command.ts";
import { cacheDirectory } from "../directories.ts";

/**
 * Runs buildah on a store of its own in the cache: layers that a Dockerfile shares with its last build are not made
 * again, and what else buildah is used for on this machine is left alone.
 */
export async function buildah(command: string, parameters: readonly string[]): Promise<CommandOutput> {
  const store = join(cacheDirectory(), "images");
  const place = ["--root", join(store, "root"), "--runroot", join(store, "run"), "--storage-driver", "overlay"];
  return await run("buildah", [...place, command, ...parameters]);
}
