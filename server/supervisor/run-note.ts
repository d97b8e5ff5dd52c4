import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

/**
 * The last request that a shard began to run, where it outlives the shard: in a file without a name, in memory, that
 * supervisor and shard have open both. One write of a microsecond a run; read only when a shard has died.
 */
export interface RunNote {
  /** For the shard, to be inherited. */
  readonly descriptor: number;
  /** Id of the last request; undefined: none was begun. */
  readonly read: () => string | undefined;
  readonly close: () => void;
}

/** An id has up to 128 characters. */
const noteBytes = 129;

/** Undefined where no folder can be written: then a crash is told without the request's id. */
export function createRunNote(folders: readonly string[]): RunNote | undefined {
  for (const folder of folders) {
    const descriptor = openNameless(folder);
    if (descriptor === undefined) continue;
    const buffer = Buffer.alloc(noteBytes);
    return {
      descriptor,
      read() {
        const length = readSync(descriptor, buffer, 0, noteBytes, 0);
        const end = buffer.subarray(0, length).indexOf(0);
        const id = buffer.toString("latin1", 0, end === -1 ? length : end);
        return id === "" ? undefined : id;
      },
      close: () => closeSync(descriptor),
    };
  }
  return undefined;
}

/** The shard's side: notes that the request is about to run. */
export function noteRunAt(descriptor: number): (requestId: string) => void {
  const buffer = Buffer.alloc(noteBytes);
  return (requestId) => {
    const length = buffer.write(requestId, 0, noteBytes - 1, "latin1");
    buffer[length] = 0;
    writeSync(descriptor, buffer, 0, length + 1, 0);
  };
}

function openNameless(folder: string): number | undefined {
  try {
    const own = mkdtempSync(join(folder, "slipway-"));
    const descriptor = openSync(join(own, "run"), constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
    rmSync(own, { recursive: true });
    return descriptor;
  } catch {
    return undefined;
  }
}
