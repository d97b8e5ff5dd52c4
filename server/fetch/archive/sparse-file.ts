import { quote } from "../configuration.ts";
import { type Failure, failure } from "../failure.ts";
import { tarFieldBytes } from "../limits.ts";
import type { PaxFields } from "./pax-fields.ts";
import { takeAll, type Take, taking } from "./take.ts";
import { tarBlockBytes } from "./tar-block.ts";

/**
 * A file that a tar holds without its holes. GNU tar has four forms of it ("Storing Sparse Files" in its manual); macOS'
 * tar writes 1.0.
 *
 * | form | told by | where its map is | here |
 * |---|---|---|---|
 * | pax 1.0 | `GNU.sparse.major` = 1, `.minor` = 0 | decimal lines before the content, up to a full block | expanded |
 * | pax 0.1 | `GNU.sparse.map` | in that field: `offset,length,…` | expanded |
 * | pax 0.0 | `GNU.sparse.numblocks`, no map | fields of one name, of which the last is kept | refused |
 * | old GNU | type `S` | in the header, and in blocks that its size leaves out | refused ({@link oldSparse}) |
 */
export interface SparseFile {
  /** The file's own name; the entry has one that was made up. */
  readonly name: string;
  /** With the holes. */
  readonly size: number;
  /** `offset,length,…`; undefined where the content starts with it. */
  readonly map: string | undefined;
}

const zeros = new Uint8Array(64 * 1024);

/** The sparse file that an entry stands for; undefined for any other. Fails with `UnsafeArchive` on a form not known. */
export function sparseFile(entryName: string, pax: PaxFields): SparseFile | undefined {
  const field = (key: string): string | undefined => pax[`GNU.sparse.${key}`];
  if (!Object.keys(pax).some((key) => key.startsWith("GNU.sparse."))) return undefined;
  const name = field("name") ?? entryName;
  const version = field("major") === undefined ? undefined : `${field("major")}.${field("minor") ?? ""}`;
  const map = version === undefined ? field("map") : undefined;
  if (version !== "1.0" && map === undefined) {
    throw refusedSparse(name, version === undefined ? "of version 0.0" : `of version ${quote(version)}`);
  }
  const size = field("realsize") ?? field("size") ?? "";
  if (!/^\d{1,20}$/.test(size)) throw damagedSparse(name);
  return { name, size: Number(size), map };
}

/** For an entry of type `S`. */
export function oldSparse(name: string): Failure {
  return refusedSparse(name, "in GNU tar's own form");
}

/** The bytes of a sparse file, holes included. Fails with `NotAModel` where map and content do not fit each other. */
export async function* expandSparse(
  { name, size, map }: SparseFile,
  content: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const take = taking(content[Symbol.asyncIterator]());
  const numbers = map === undefined ? await leadingMap(name, take) : numbersOf(name, map);
  let position = 0;
  for (let index = 0; index < numbers.length; index += 2) {
    const [offset = 0, length = 0] = numbers.slice(index, index + 2);
    if (offset < position || offset + length > size) throw damagedSparse(name);
    yield* hole(offset - position);
    position = offset + length;
    for (let left = length; left > 0; ) {
      const piece = await take(left);
      if (piece === undefined) throw damagedSparse(name);
      yield piece;
      left -= piece.byteLength;
    }
  }
  if ((await take(1)) !== undefined) throw damagedSparse(name);
  yield* hole(size - position);
}

function* hole(bytes: number): Generator<Uint8Array, void, undefined> {
  for (let left = bytes; left > 0; left -= zeros.byteLength) yield zeros.subarray(0, left);
}

function numbersOf(name: string, map: string): number[] {
  const numbers = map === "" ? [] : map.split(",").map((text) => (/^\d{1,15}$/.test(text) ? Number(text) : Number.NaN));
  if (numbers.length % 2 !== 0 || numbers.some(Number.isNaN)) throw damagedSparse(name);
  return numbers;
}

/** One line with the number of pieces, two for each of them, and what is missing of a full block. */
async function leadingMap(name: string, take: Take): Promise<number[]> {
  const lines: string[] = [];
  let line = "";
  for (let read = 0; ; read += tarBlockBytes) {
    const block = read < tarFieldBytes ? await takeAll(take, tarBlockBytes) : undefined;
    if (block?.byteLength !== tarBlockBytes) throw damagedSparse(name);
    const [first = "", ...more] = block.toString("latin1").split("\n");
    line += first;
    for (const next of more) {
      lines.push(line);
      line = next;
    }
    const [count = "1"] = lines;
    if (!/^\d{1,15}$/.test(count)) throw damagedSparse(name);
    const pieces = Number(count);
    if (lines.length > 2 * pieces) return numbersOf(name, lines.slice(1, 1 + 2 * pieces).join(","));
  }
}

function refusedSparse(name: string, form: string): Failure {
  return failure(
    "UnsafeArchive",
    `The archive holds ${quote(name)} as a sparse file ${form}, which is not read. Pack it without --sparse (-S), or with tar --sparse --format=posix.`,
  );
}

function damagedSparse(name: string): Failure {
  return failure(
    "NotAModel",
    `The archive holds ${quote(name)} as a sparse file whose map does not fit its bytes: it is damaged. Pack it again without --sparse.`,
  );
}
