import { createHash } from "node:crypto";

export interface ModelFile {
  readonly size: number;
  /** 64 hex digits. */
  readonly sha256: string;
}

/**
 * Digest of a folder or a tar: sha256 over one line `sha256 size path` a file, sorted by bytes, each with a line feed.
 * Empty folders, modes and times do not count. The same in a shell, inside the folder:
 * `find . -type f -printf '%P\n' | while read -r f; do echo "$(sha256sum <"$f" | cut -d' ' -f1) $(stat -c %s "$f") $f"; done | LC_ALL=C sort | sha256sum`
 */
export function treeDigest(files: ReadonlyMap<string, ModelFile>): string {
  const lines = [...files].map(([path, { size, sha256 }]) => Buffer.from(`${sha256} ${size} ${path}\n`));
  lines.sort((left, right) => Buffer.compare(left, right));
  const hash = createHash("sha256");
  for (const line of lines) hash.update(line);
  return `sha256:${hash.digest("hex")}`;
}
