import { quote } from "../configuration.ts";
import { failure } from "../failure.ts";
import { nameBytes, pathBytes } from "../limits.ts";

/** Folder inside the model directory where a layer lies while it is incomplete; no artifact may name it. */
export const downloadFolder = ".slipway-download";

/**
 * A file's path as an archive or a layer's title names it, in the one form that is used from here on: relative,
 * separated by `/`, without `.` or empty parts. Fails with `UnsafeArchive` for whatever could leave the model
 * directory (absolute paths, `..`), could be read in two ways (backslashes, control characters, which would also
 * break the lines of a digest), or is longer than a file system takes.
 */
export function entryPath(name: string): string {
  const refuse = (why: string): never => {
    throw failure(
      "UnsafeArchive",
      `The artifact names a file ${quote(name)}, ${why}. Pack the model with plain relative paths.`,
    );
  };
  if (name.startsWith("/")) refuse("an absolute path");
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what is looked for
  if (/[\u0000-\u001f\u007f\\]/.test(name)) refuse("with a backslash or a control character");
  if (!name.isWellFormed() || name.includes("\ufffd")) refuse("which is not valid UTF-8");
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) refuse('with a part ".."');
  if (parts.length === 0) refuse("which is empty");
  if (parts[0] === downloadFolder) refuse("a name that the download itself uses");
  if (parts.some((part) => Buffer.byteLength(part) > nameBytes)) refuse(`with a part longer than ${nameBytes} bytes`);
  const path = parts.join("/");
  if (Buffer.byteLength(path) > pathBytes) refuse(`longer than ${pathBytes} bytes`);
  return path;
}
