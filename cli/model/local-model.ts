import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join, posix, relative, sep } from "node:path";
import { errorCode, failure } from "../../server/fetch/failure.ts";
import { defaultLimits } from "../../server/fetch/limits.ts";
import { findModelFile } from "../../server/fetch/model/model-file.ts";
import { requireExternalData, requireSupported } from "../../server/fetch/onnx/check-model.ts";
import { withFileBytes } from "../../server/fetch/onnx/file-bytes.ts";
import { type ModelSummary, readModel } from "../../server/fetch/onnx/read-model.ts";
import { type ModelFile, treeDigest } from "../../server/fetch/model/tree-digest.ts";
import { failed } from "../complaint.ts";
import { unservedTensor } from "./datatype.ts";
import { plural, showBytes } from "../text/amounts.ts";

/** A model on this machine: its graph, and every file that has to go with it. Nothing of it has been loaded. */
export interface LocalModel {
  /** Folder that the paths below are relative to. */
  readonly directory: string;
  /** The graph's file. */
  readonly graph: string;
  /** Sizes of all files by path, with `/` between the parts. */
  readonly sizes: ReadonlyMap<string, number>;
  readonly summary: ModelSummary;
}

/**
 * Takes in what `path` names. A folder is taken as a whole. Of a file, the files that it keeps weights in come with it,
 * as the model is nothing without them. Throws a failure or a complaint when there is no readable model.
 */
export async function openLocalModel(path: string): Promise<LocalModel> {
  const found = await stat(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  if (!found.isDirectory() && !found.isFile()) throw failed(`${path} is neither a file nor a folder`);
  return found.isDirectory() ? openFolder(path) : openFile(path, found.size);
}

/** Judges a model as the pod does before it loads one; throws the failure that the pod would report. */
export function requireServable({ summary, graph, sizes }: Pick<LocalModel, "summary" | "graph" | "sizes">): void {
  requireSupported(summary);
  requireExternalData(summary, graph, new Map([...sizes].map(([path, size]) => [path, { size, sha256: "" }])));
  const unserved = unservedTensor(summary);
  if (unserved !== undefined) throw failure("LoadFailed", unserved);
}

/** Reads every byte once. `onBytes` is told of each piece. */
export async function hashFiles(
  { directory, sizes }: Pick<LocalModel, "directory" | "sizes">,
  { signal, onBytes }: { readonly signal: AbortSignal; readonly onBytes: (bytes: number) => void },
): Promise<ReadonlyMap<string, ModelFile>> {
  const files = new Map<string, ModelFile>();
  for (const path of sizes.keys()) {
    const hash = createHash("sha256");
    let size = 0;
    for await (const chunk of createReadStream(join(directory, path), { signal }) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      size += chunk.byteLength;
      onBytes(chunk.byteLength);
    }
    files.set(path, { size, sha256: hash.digest("hex") });
  }
  return files;
}

/** As `spec.versions[].digest` has it for a `file://` uri: of the one file's bytes, else of the folder. */
export function digestOf(files: ReadonlyMap<string, ModelFile>): string {
  const [only, another] = files.values();
  return only !== undefined && another === undefined ? `sha256:${only.sha256}` : treeDigest(files);
}

export function totalBytes({ sizes }: Pick<LocalModel, "sizes">): number {
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

async function openFile(path: string, size: number): Promise<LocalModel> {
  const directory = dirname(path);
  const graph = basename(path);
  const summary = summaryOf(path);
  const sizes = new Map([[graph, size]]);
  for (const location of summary.externalData.keys()) {
    const beside = posix.normalize(location);
    // What leads out of the folder is left to requireServable, which says why it cannot be served.
    if (posix.isAbsolute(beside) || beside.startsWith("../")) continue;
    const weights = await stat(join(directory, beside)).catch(() => undefined);
    if (weights?.isFile() === true) sizes.set(beside, weights.size);
  }
  return { directory, graph, sizes, summary };
}

async function openFolder(directory: string): Promise<LocalModel> {
  const sizes = new Map<string, number>();
  for (const path of await filesBelow(directory)) {
    sizes.set(path, (await stat(join(directory, path))).size);
    requireFewFiles(directory, sizes.size);
  }
  const graph = findModelFile(sizes.keys());
  return { directory, graph, sizes, summary: summaryOf(join(directory, graph)) };
}

/** Files and links to files, sorted. Bounded like a download, so that a whole home directory is told early. */
async function filesBelow(directory: string): Promise<string[]> {
  const paths: string[] = [];
  const pending = [directory];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const entry of await readdir(next, { withFileTypes: true })) {
      const path = join(next, entry.name);
      const isFile = entry.isFile() || (entry.isSymbolicLink() && (await stat(path)).isFile());
      if (entry.isDirectory()) pending.push(path);
      else if (isFile) paths.push(relative(directory, path).split(sep).join("/"));
      requireFewFiles(directory, paths.length);
    }
  }
  return paths.toSorted();
}

function requireFewFiles(directory: string, count: number): void {
  if (count <= defaultLimits.files) return;
  throw failed(
    `${directory} holds more than ${defaultLimits.files} files. Name the folder that holds the model alone.`,
  );
}

function summaryOf(path: string): ModelSummary {
  try {
    return withFileBytes(path, readModel);
  } catch (error) {
    if (errorCode(error) === "EACCES") throw unreadable(path, error);
    throw error;
  }
}

function unreadable(path: string, error: unknown): Error {
  const code = errorCode(error);
  if (code === "ENOENT" || code === "ENOTDIR") return failed(`nothing lies at ${path}: check the path`, error);
  if (code === "EACCES" || code === "EPERM") return failed(`${path} may not be read by this user`, error);
  return failed(`${path} cannot be read (${code})`, error);
}

/** `2 files, 1.3 GiB`. */
export function showFiles({ sizes }: Pick<LocalModel, "sizes">): string {
  return `${plural(sizes.size, "file")}, ${showBytes(totalBytes({ sizes }))}`;
}
