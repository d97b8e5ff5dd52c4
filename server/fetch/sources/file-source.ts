import { realpath } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { quote } from "../configuration.ts";
import { copyModel } from "../model/copy-model.ts";
import { failure } from "../failure.ts";
import { unreadable } from "../folder/model-folder.ts";
import type { Source } from "./source.ts";

/**
 * `file:///path`: something that is mounted into the pod. A file is the model itself or a tar of its folder, either in
 * gzip, zstd or neither (told by its bytes, not by its name); a folder is copied. The digest is known only after the copy.
 */
export const fetchFile: Source = async (request) => {
  const { uri } = request;
  const path = await realpath(localPath(uri)).catch((error: unknown) => {
    throw unreadable(error, uri);
  });
  return { digest: await copyModel(path, request) };
};

function localPath(uri: string): string {
  try {
    return fileURLToPath(uri);
  } catch {
    throw failure(
      "UnsupportedSource",
      `The uri ${quote(uri)} is no local path. Write file:///path with three slashes.`,
    );
  }
}
