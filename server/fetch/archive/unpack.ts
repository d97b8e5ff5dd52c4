import type { TarEntry } from "./tar-entry.ts";
import { quote } from "../configuration.ts";
import { entryPath } from "./entry-path.ts";
import { drain } from "../drain.ts";
import { failure } from "../failure.ts";
import type { Compressed } from "./inflate.ts";
import type { FetchLimits } from "../limits.ts";
import { type ModelDirectory, tooManyBytes } from "../model/model-directory.ts";
import { readTar } from "./read-tar.ts";

/**
 * Unpacks a tar into the model directory: regular files and folders only. Links, devices and pipes are refused, not
 * skipped, because a model that comes with them is either an attack or would lack files. Names are judged by
 * {@link entryPath}.
 */
export async function unpack(
  archive: Compressed,
  directory: ModelDirectory,
  limits: FetchLimits,
  signal: AbortSignal,
): Promise<void> {
  await readTar(archive, limits, signal, async (entry, content) => {
    if (entry.kind === "directory") {
      if (!isRoot(entry.name)) entryPath(entry.name);
      await drain(content);
    } else {
      requireRegularFile(entry);
      if (entry.size > directory.remaining()) throw tooManyBytes(limits);
      await directory.write(entry.name, content);
    }
  });
}

/** `tar -C folder .` starts with an entry for the folder itself, and Python's `tar.add(folder, "")` calls it `/`. */
function isRoot(name: string): boolean {
  return [".", "./", "/"].includes(name);
}

function requireRegularFile({ kind, what, name }: TarEntry): void {
  if (kind === "file") return;
  throw failure(
    "UnsafeArchive",
    `The archive holds ${quote(name)}, a ${what}. Pack regular files only (tar --dereference --hard-dereference).`,
  );
}
