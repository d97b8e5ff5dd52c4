import { statSync } from "node:fs";

/** A file as it was at some time. */
export interface FileState {
  readonly path: string;
  /** Of the file, or of another one in its place, as soon as anything was written: another text. */
  readonly state: string;
}

export function fileState(path: string): FileState {
  return { path, state: describe(path) };
}

/** All are what they were then. */
export function areUnchanged(files: readonly FileState[]): boolean {
  return files.every(({ path, state }) => describe(path) === state);
}

function describe(path: string): string {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (found === undefined) return "none";
  // Whoever sets the time of the last change back, as copying programs do, changes the other one.
  const { dev, ino, size, mtimeNs, ctimeNs } = found;
  return [dev, ino, size, mtimeNs, ctimeNs].join(" ");
}
