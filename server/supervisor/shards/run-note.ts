import { closeSync, readSync, writeSync } from "node:fs";
import type { Standing } from "../../engine/run-watch.ts";
import { openNamelessFile } from "./nameless-file.ts";

/**
 * The last run that a shard began, where it outlives the shard: in a file without a name, in memory, that supervisor and
 * shard have open both. One write of a microsecond a run; read only when a shard has died.
 *
 *     1  whether it may still be under way      1  marks           1  length of the id
 *     n  id                                     4  for each mark   0 or 64  digest
 */
export interface RunNote {
  /** For the shard, to be inherited. */
  readonly descriptor: number;
  /** Undefined: no run was begun. */
  readonly read: () => NotedRun | undefined;
  readonly close: () => void;
}

export interface NotedRun {
  /** Of the (first) request. */
  readonly requestId: string;
  /** Of each request that it ran (see {@link Standing.mark}). */
  readonly marks: readonly number[];
  /** Of the inputs, where they looked like some that had crashed a shard before. */
  readonly digest: string | undefined;
  /** Kept for runs with a digest alone: of any other it is true when the run is long over. */
  readonly isUnderWay: boolean;
}

/** The shard's side. */
export interface RunNoting {
  /** A run is about to begin. */
  readonly begin: (requestId: string, standings: readonly Standing[]) => void;
  /** The last run is over. */
  readonly end: () => void;
}

/** An id has up to 128 characters. */
const idBytes = 128;
/** Requests of a run, beyond which some of them would not be known again: batches are smaller. */
const mostMarks = 64;
const headBytes = 3;
const digestBytes = 64;
const noteBytes = headBytes + idBytes + 4 * mostMarks + digestBytes;

/** Undefined where no folder can be written: then a crash is told without the request's id, and none is known again. */
export function createRunNote(folders: readonly string[]): RunNote | undefined {
  for (const folder of folders) {
    const descriptor = openNamelessFile(folder, noteBytes);
    if (descriptor === undefined) continue;
    return {
      descriptor,
      read() {
        const note = Buffer.alloc(noteBytes);
        readSync(descriptor, note, 0, noteBytes, 0);
        return decode(note);
      },
      close: () => closeSync(descriptor),
    };
  }
  return undefined;
}

/** The note may have the rest of a longer one behind it, which its lengths leave out. */
function decode(note: Buffer): NotedRun | undefined {
  const [isUnderWay = 0, marks = 0, length = 0] = note;
  // As it is before the first run.
  if (isUnderWay === 0 && marks === 0) return undefined;
  const marksAt = headBytes + length;
  const digestAt = marksAt + 4 * marks;
  const digest = note.toString("latin1", digestAt, digestAt + digestBytes);
  return {
    requestId: note.toString("latin1", headBytes, marksAt),
    marks: Array.from({ length: marks }, (_, index) => note.readUInt32LE(marksAt + 4 * index)),
    digest: digest.startsWith("\0") ? undefined : digest,
    isUnderWay: isUnderWay === 1,
  };
}

export function noteRunsAt(descriptor: number): RunNoting {
  const note = Buffer.alloc(noteBytes);
  let hasDigest = false;
  return {
    begin(requestId, standings) {
      const length = note.write(requestId, headBytes, idBytes, "latin1");
      let at = headBytes + length;
      let marks = 0;
      let digest: string | undefined;
      for (const standing of standings) {
        if (marks === mostMarks) break;
        at = note.writeUInt32LE(standing.mark, at);
        digest ??= standing.digest;
        marks += 1;
      }
      note[0] = 1;
      note[1] = marks;
      note[2] = length;
      hasDigest = digest !== undefined;
      if (digest === undefined) note[at++] = 0;
      else at += note.write(digest, at, digestBytes, "latin1");
      writeSync(descriptor, note, 0, at, 0);
    },
    end() {
      // A second write for each run would cost as much as the first, to say of a first crash what the next one shows.
      if (!hasDigest) return;
      hasDigest = false;
      writeSync(descriptor, over, 0, 1, 0);
    },
  };
}

const over = Buffer.of(0);
