import { readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { isFailure } from "../fetch/failure.ts";
import { findModelFile } from "../fetch/model/model-file.ts";

export type LocatedModel =
  | { readonly ok: true; readonly path: string }
  | { readonly ok: false; readonly message: string };

/** The graph among the files that fetch wrote: by the same rule as fetch, which has checked them. */
export async function locateModel(directory: string): Promise<LocatedModel> {
  try {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(directory, join(entry.parentPath, entry.name)));
    return { ok: true, path: join(directory, findModelFile(files)) };
  } catch (error) {
    if (isFailure(error)) return { ok: false, message: error.message };
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    return { ok: false, message: `The model directory cannot be read (${code}).` };
  }
}
