import { takeAll, type Take, taking } from "./take.ts";

const skippableMagic = 0x184d2a50;

/** No piece that is handed on is much larger. */
const pieceBytes = 64 * 1024;

/**
 * The bytes of a file of zstd in pieces of which none holds bytes of two frames (RFC 8878 §3.1): Node ends its stream where
 * a frame ends inside a piece, without a word of what is left, and goes on to the next frame where it ends with one. What
 * is no frame is handed on as it is, to be refused there.
 */
export async function* zstdFrames(content: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const take = taking(content);
  for (;;) {
    const magic = await takeAll(take, 4);
    if (magic.byteLength === 0) return;
    const isSkippable = magic.byteLength === 4 && (magic.readUInt32LE() & ~0xf) >>> 0 === skippableMagic;
    yield* gathered(isSkippable ? skippable(magic, take) : frame(magic, take));
  }
}

/** Small pieces in one. */
async function* gathered(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  let held: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    held.push(piece);
    bytes += piece.byteLength;
    if (bytes < pieceBytes) continue;
    yield Buffer.concat(held);
    held = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(held);
}

/** RFC 8878 §3.1.2: magic, size, and so many bytes. */
async function* skippable(magic: Uint8Array, take: Take): AsyncGenerator<Uint8Array, void, undefined> {
  const size = await takeAll(take, 4);
  yield magic;
  yield size;
  if (size.byteLength === 4) yield* exactly(size.readUInt32LE(), take);
}

/** RFC 8878 §3.1.1: magic, header, blocks up to the one that is marked as the last, and a checksum where it has one. */
async function* frame(magic: Uint8Array, take: Take): AsyncGenerator<Uint8Array, void, undefined> {
  const descriptor = await takeAll(take, 1);
  yield magic;
  yield descriptor;
  const [flags = 0] = descriptor;
  const singleSegment = (flags & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][flags & 3] ?? 0;
  const contentSizeBytes = [singleSegment ? 1 : 0, 2, 4, 8][flags >> 6] ?? 0;
  yield* exactly((singleSegment ? 0 : 1) + dictionaryBytes + contentSizeBytes, take);
  for (let isLast = false; !isLast; ) {
    const header = await takeAll(take, 3);
    yield header;
    if (header.byteLength < 3) return;
    const fields = header.readUIntLE(0, 3);
    isLast = (fields & 1) === 1;
    // A block of one byte that is repeated names how often.
    yield* exactly(((fields >> 1) & 3) === 1 ? 1 : fields >> 3, take);
  }
  if ((flags & 4) !== 0) yield* exactly(4, take);
}

async function* exactly(bytes: number, take: Take): AsyncGenerator<Uint8Array, void, undefined> {
  for (let left = bytes; left > 0; ) {
    const piece = await take(left);
    if (piece === undefined) return;
    left -= piece.byteLength;
    yield piece;
  }
}
