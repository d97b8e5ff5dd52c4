import type { Header } from "tar-stream";
import { quote } from "./configuration.ts";
import { entryPath } from "./entry-path.ts";
import { drain } from "./drain.ts";
import { failure } from "./failure.ts";
import type { Gzipped } from "./inflate.ts";
import type { FetchLimits } from "./limits.ts";
import type { ModelDirectory } from "./model-directory.ts";
import { readTar } from "./read-tar.ts";

/**
 * Unpacks a tar into the model directory: regular files and folders only. Links, devices and pipes are refused, not
 * skipped, because a model that comes with them is either an attack or would lack files. Names are judged by
 * {@link entryPath}.
 */
export async function unpack(
  archive: Gzipped,
  directory: ModelDirectory,
  limits: FetchLimits,
  signal: AbortSignal,
): Promise<void> {
  await readTar(archive, limits, signal, async (header, content) => {
    if (header.type === "directory") {
      if (!isRoot(header.name)) entryPath(header.name);
      await drain(content);
    } else {
      requireRegularFile(header);
      await directory.write(header.name, content);
    }
  });
}

/** `tar -C folder .` starts with an entry for the folder itself. */
function isRoot(name: string): boolean {
  return name === "." || name === "./";
}

function requireRegularFile({ type, name }: Header): void {
  if (type === "file" || type === "contiguous-file") return;
  throw failure(
    "UnsafeArchive",
    `The archive holds ${quote(name)}, a ${type ?? "entry of unknown type"}. Pack regular files only (tar --dereference --hard-dereference).`,
  );
}
