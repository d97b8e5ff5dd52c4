import { quote } from "../configuration.ts";
import { failure } from "../failure.ts";

/** What an entry of an image's layer is about, by its name alone. Parts of a path are never empty, `.` or `..`. */
export type LayerName =
  | { readonly kind: "path"; readonly parts: readonly string[] }
  /** Deletes that path from the layers below. */
  | { readonly kind: "whiteout"; readonly parts: readonly string[] }
  /** Deletes all that the layers below have in that folder. */
  | { readonly kind: "opaque"; readonly parts: readonly string[] }
  /** The folder that all lies in, and names that no file can have. */
  | { readonly kind: "nothing" };

const whiteoutPrefix = ".wh.";
const opaqueName = ".wh..wh..opq";
/** AUFS, from which whiteouts come, has files of its own with it. */
const ownPrefix = ".wh..wh.";

/** Linux' PATH_MAX: no longer path comes out of a file system. */
const nameBytes = 4096;

/**
 * Reads a name by OCI image-spec layer.md, "Whiteouts". Names of a base image are no concern of ours, whatever characters
 * they have; refused with `UnsafeArchive` is what leads out of the image.
 */
export function layerName(name: string): LayerName {
  const refuse = (why: string): never => {
    throw failure("UnsafeArchive", `A layer of the image names ${quote(name)}, ${why}. Build the image again.`);
  };
  if (Buffer.byteLength(name) > nameBytes) refuse(`longer than ${nameBytes} bytes`);
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) refuse('with a part ".."');
  const last = parts.at(-1);
  const folder = parts.slice(0, -1);
  if (last === undefined || folder.some((part) => part.startsWith(whiteoutPrefix))) return { kind: "nothing" };
  if (!last.startsWith(whiteoutPrefix)) return { kind: "path", parts };
  if (last === opaqueName) return { kind: "opaque", parts: folder };
  if (last.startsWith(ownPrefix)) return { kind: "nothing" };
  const deleted = last.slice(whiteoutPrefix.length);
  if (["", ".", ".."].includes(deleted)) refuse("a whiteout that names no file");
  return { kind: "whiteout", parts: [...folder, deleted] };
}
