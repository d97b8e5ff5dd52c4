import type { Header } from "tar-stream";
import { type SparseFile, sparseFile } from "./sparse-file.ts";

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

/** What a header says, with what the fields of pax add to it. Fails as {@link sparseFile} does. */
export function tarEntry(header: Header): TarEntry {
  const { name, type, size } = header;
  if (type === "directory" || isOldDirectory(header)) {
    return { name, kind: "directory", what: "folder", size: 0, sparse: undefined };
  }
  if (type === "file" || type === "contiguous-file") {
    const sparse = sparseFile(header);
    return { name: sparse?.name ?? name, kind: "file", what: "file", size: sparse?.size ?? size, sparse };
  }
  return { name, kind: "other", what: type ?? "type of entry that is not known", size: 0, sparse: undefined };
}

/** Before POSIX had a type for folders, the slash at the end told them. */
function isOldDirectory({ name, type, size }: Header): boolean {
  return type === "file" && size === 0 && name.endsWith("/");
}
