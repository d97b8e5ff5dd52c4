import type { PaxFields } from "./pax-fields.ts";
import { oldSparse, type SparseFile, sparseFile } from "./sparse-file.ts";
import type { TarHeader } from "./tar-header.ts";

/** One entry of a tar, as what it stands for. */
export interface TarEntry {
  readonly name: string;
  readonly kind: "file" | "directory" | "other";
  /** What an entry of kind `other` is, for messages: `symlink`. */
  readonly what: string;
  /** Bytes that it unpacks to; of a sparse file with its holes. */
  readonly size: number;
  readonly sparse: SparseFile | undefined;
}

/** Types that are not unpacked, in POSIX' order. */
const others: Readonly<Record<string, string>> = {
  1: "link",
  2: "symlink",
  3: "character-device",
  4: "block-device",
  6: "fifo",
};

/** GNU tar's folder of an archive with `--listed-incremental`, whose content is the list of its names. */
const listedFolder = "D";

/** What a header says, with what the fields of pax add to it. Fails as {@link sparseFile} does. */
export function tarEntry(header: TarHeader, pax: PaxFields): TarEntry {
  const { name, type, size } = header;
  if (isFolder(header)) return { name, kind: "directory", what: "folder", size: 0, sparse: undefined };
  if (isFile(type)) {
    const sparse = sparseFile(name, pax);
    return { name: sparse?.name ?? name, kind: "file", what: "file", size: sparse?.size ?? size, sparse };
  }
  // Its map lies where no reader that does not know it finds the next entry.
  if (type === "S") throw oldSparse(name);
  const what = others[type] ?? "type of entry that is not known";
  return { name, kind: "other", what, size: 0, sparse: undefined };
}

/**
 * The bytes that follow a header. Folders, links, devices and pipes have none, whatever size they name: some programs
 * write a link's file's, or a folder's own on its disk.
 */
export function contentBytes(header: TarHeader): number {
  const { type, size } = header;
  return Object.hasOwn(others, type) || (isFolder(header) && type !== listedFolder) ? 0 : size;
}

/** Before POSIX had a type for folders, the slash at the end told them. */
function isFolder({ name, type }: TarHeader): boolean {
  return type === "5" || type === listedFolder || (type === "0" && name.endsWith("/"));
}

/** A file, or one that was to lie in one piece on its disk. */
function isFile(type: string): boolean {
  return type === "0" || type === "7";
}
