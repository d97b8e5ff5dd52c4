import { statSync } from "node:fs";
import { basename } from "node:path";

/** What tells one content of a file from another, as its system keeps it. Undefined sizes: it is not there. */
export interface FileState {
  readonly path: string;
  readonly size: number | undefined;
  /** Milliseconds since 1970 UTC. */
  readonly changed: number | undefined;
  /** Another one when a new file was put in its place. */
  readonly inode: number | undefined;
}

export function stateOf(path: string): FileState {
  const stats = statSync(path, { throwIfNoEntry: false });
  return { path, size: stats?.size, changed: stats?.mtimeMs, inode: stats?.ino };
}

/** What to tell when a file is not what it was; undefined: all are. */
export function tellChange(files: readonly FileState[]): string | undefined {
  const changed = files.find((file) => !isSame(file, stateOf(file.path)));
  if (changed === undefined) return undefined;
  const name = JSON.stringify(basename(changed.path));
  return `The file ${name} is not what it was when the server began, and requests must not be answered by two models. Start the server again to serve the new one.`;
}

function isSame(one: FileState, other: FileState): boolean {
  return one.size === other.size && one.changed === other.changed && one.inode === other.inode;
}
