import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { copyFolder } from "../folder/copy-folder.ts";
import { openRegular, read } from "../folder/model-folder.ts";
import { modelName } from "./model-name.ts";
import { isPacked, packingOf } from "../archive/packing.ts";
import type { SourceRequest } from "../sources/source.ts";
import { unpackFile } from "../archive/unpack-file.ts";

/** Makes the model of what lies at a real path of the pod (a file, an archive or a folder), and returns the digest. */
export async function copyModel(path: string, request: SourceRequest): Promise<string> {
  const found = await stat(path);
  if (found.isDirectory()) return copyFolder({ root: path, uri: request.uri }, request);
  const digest = await copyFile(path, found.size, request);
  request.checkDigest(digest);
  return digest;
}

async function copyFile(path: string, size: number, request: SourceRequest): Promise<string> {
  const { uri, directory, limits, signal, onBytes } = request;
  const source = await openRegular(path, uri);
  try {
    const packing = await packingOf({ absolutePath: path, size }, limits, signal);
    const name = basename(path);
    if (isPacked(packing)) return await unpackFile({ absolutePath: path, size, name }, packing, request);
    const file = await directory.write(modelName(name), read(source, onBytes, signal));
    return `sha256:${file.sha256}`;
  } finally {
    await source.close();
  }
}
