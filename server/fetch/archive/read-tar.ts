import { type PaxFields, paxFields } from "./pax-fields.ts";
import { expandSparse } from "./sparse-file.ts";
import { takeAll, type Take, taking } from "./take.ts";
import { tarBlockBytes } from "./tar-block.ts";
import { contentBytes, type TarEntry, tarEntry } from "./tar-entry.ts";
import { tarHeader, type TarHeader, text } from "./tar-header.ts";
import { type Failure, failure } from "../failure.ts";
import { type Compressed, inflate, inflatesTooFar, inflationBound } from "./inflate.ts";
import { type FetchLimits, tarFieldBytes } from "../limits.ts";

type Use = (entry: TarEntry, content: AsyncIterable<Uint8Array>) => Promise<void>;

/**
 * Hands over the entries of a tar one after the other; sparse files with their holes. What is left of an entry is skipped.
 * The first block of zeros ends the archive, as for GNU tar: what lies behind it counts no more, but has to decompress.
 * Fails with `TruncatedModel` where the tar ends early, with `NotAModel` where it is damaged or none, and with `TooLarge`
 * where its files have far more bytes than it has.
 */
export async function readTar(archive: Compressed, limits: FetchLimits, signal: AbortSignal, use: Use): Promise<void> {
  const bytes = inflate(archive, limits, signal);
  try {
    await readEntries(archive, taking(bytes), inflationBound(archive, limits), use);
  } finally {
    // Closes the file where it was not read to its end.
    await bytes.return();
  }
}

/**
 * What an entry of this type says about others:
 *
 * | type | about |
 * |---|---|
 * | `x`, Solaris' `X` | fields of the next entry |
 * | `g` | fields of all that follow |
 * | `L` | GNU tar's name of the next entry |
 * | `K`, `V` | where its link leads, and a label of the whole: nothing of these is needed |
 */
async function readEntries(archive: Compressed, take: Take, bound: number, use: Use): Promise<void> {
  let unpacked = 0;
  let ofAll: PaxFields = {};
  let ofNext: PaxFields = {};
  let longName: string | undefined;
  for (;;) {
    const header = await nextHeader(archive, take);
    if (header === undefined) return;
    const { type } = header;
    if (type === "x" || type === "X") ofNext = await readFields(archive, take, header);
    else if (type === "g") ofAll = { ...ofAll, ...(await readFields(archive, take, header)) };
    else if (type === "L") longName = text(await readField(archive, take, header));
    else if (type === "K" || type === "V") await contentOf(archive, take, header.size).skip();
    else {
      const pax = { ...ofAll, ...ofNext };
      const named = withFields(archive, header, longName, pax);
      ofNext = {};
      longName = undefined;
      const entry = tarEntry(named, pax);
      unpacked += entry.size;
      if (unpacked > bound) throw inflatesTooFar(bound);
      const { bytes, skip } = contentOf(archive, take, contentBytes(named));
      await use(entry, entry.sparse === undefined ? bytes : expandSparse(entry.sparse, bytes));
      await skip();
    }
  }
}

/** Undefined at the end of the archive, once all behind it was read. */
async function nextHeader(archive: Compressed, take: Take): Promise<TarHeader | undefined> {
  const block = await takeAll(take, tarBlockBytes);
  // Some programs leave out the end.
  if (block.byteLength === 0) return undefined;
  if (block.byteLength < tarBlockBytes) throw cut(archive);
  if (block.every((byte) => byte === 0)) {
    while ((await take(Number.POSITIVE_INFINITY)) !== undefined);
    return undefined;
  }
  const header = tarHeader(block);
  if (header === undefined) throw noTar(archive, "a header of it is none");
  return header;
}

/** What fields of pax and a long name say in place of the header; pax has the last word, as it has for GNU tar. */
function withFields(
  archive: Compressed,
  header: TarHeader,
  longName: string | undefined,
  { path, size }: PaxFields,
): TarHeader {
  if (size !== undefined && !/^\d{1,15}$/.test(size)) throw noTar(archive, "a size in it is no number");
  return {
    type: header.type,
    name: path ?? longName ?? header.name,
    size: size === undefined ? header.size : Number(size),
  };
}

async function readFields(archive: Compressed, take: Take, header: TarHeader): Promise<PaxFields> {
  const fields = paxFields(await readField(archive, take, header));
  if (fields === undefined) throw noTar(archive, "its fields of pax are damaged");
  return fields;
}

async function readField(archive: Compressed, take: Take, { size }: TarHeader): Promise<Buffer> {
  if (size > tarFieldBytes) throw noTar(archive, `it has a name or fields of more than ${tarFieldBytes} bytes`);
  const { bytes, skip } = contentOf(archive, take, size);
  const pieces: Uint8Array[] = [];
  for await (const piece of bytes) pieces.push(piece);
  await skip();
  return Buffer.concat(pieces);
}

/** What follows a header: its bytes, and a way over those that were not read and over what fills the last block. */
function contentOf(
  archive: Compressed,
  take: Take,
  size: number,
): { readonly bytes: AsyncIterable<Uint8Array>; readonly skip: () => Promise<void> } {
  let left = size;
  const next = async (most: number): Promise<Uint8Array> => {
    const piece = await take(most);
    if (piece === undefined) throw cut(archive);
    return piece;
  };
  async function* bytes(): AsyncGenerator<Uint8Array, void, undefined> {
    while (left > 0) {
      const piece = await next(left);
      left -= piece.byteLength;
      yield piece;
    }
  }
  return {
    bytes: bytes(),
    async skip() {
      left += (tarBlockBytes - (size % tarBlockBytes)) % tarBlockBytes;
      while (left > 0) left -= (await next(left)).byteLength;
    },
  };
}

function cut({ size }: Compressed): Failure {
  return failure("TruncatedModel", `The tar ends too early, after ${size} bytes: it was cut. Upload it again.`);
}

function noTar({ compression }: Compressed, why: string): Failure {
  const single =
    compression === "none"
      ? ""
      : ` If it is a single model in ${compression}, decompress it and push the model itself.`;
  return failure("NotAModel", `The archive cannot be read as tar: ${why}. Pack it again and push it.${single}`);
}
