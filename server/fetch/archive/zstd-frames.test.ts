import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { constants, zstdCompressSync } from "node:zlib";
import * as fc from "fast-check";
import { zstdFrames } from "./zstd-frames.ts";

const checksum = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };
const noSize = { params: { [constants.ZSTD_c_contentSizeFlag]: 0 } };
const noise = randomBytes(300_000);
const skipped = Buffer.from([0x5f, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 0x28, 0xb5, 0x2f]);

/** Blocks as they are, of one byte that is repeated, and compressed; headers of every length but a dictionary's. */
const frames: readonly Buffer[] = [
  zstdCompressSync(Buffer.alloc(0)),
  zstdCompressSync(noise),
  zstdCompressSync(noise.subarray(0, 1000), checksum),
  zstdCompressSync(Buffer.alloc(400_000), checksum),
  zstdCompressSync(Buffer.from(noise.toString("hex")), noSize),
  zstdCompressSync(Buffer.from("a few bytes")),
  skipped,
  Buffer.from([0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]),
];

test("no piece holds bytes of two frames, however the file is cut into pieces", async () => {
  const order = fc.array(fc.nat(frames.length - 1), { minLength: 1, maxLength: 8 });
  const cuts = fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(order, cuts, async (chosen, lengths) => {
      const file = chosen.map((index) => frames[index] ?? skipped);
      const ends = new Set(file.map((_, index) => Buffer.concat(file.slice(0, index + 1)).byteLength));
      const pieces = await passed(Buffer.concat(file), lengths);
      assert.ok(Buffer.concat(pieces).equals(Buffer.concat(file)));
      let position = 0;
      for (const piece of pieces) {
        position += piece.byteLength;
        ends.delete(position);
      }
      assert.equal(ends.size, 0, "every frame ends with a piece");
    }),
  );
});

test("a file that was cut, or is none, is handed on as it is", async () => {
  const file = Buffer.concat(frames);
  for (const bytes of [file.subarray(0, -1), file.subarray(0, -5), file.subarray(0, 3), noise, Buffer.alloc(0)]) {
    assert.ok(Buffer.concat(await passed(bytes, [4096])).equals(bytes), `${bytes.byteLength} bytes`);
  }
});

async function passed(bytes: Buffer, lengths: readonly number[]): Promise<Uint8Array[]> {
  async function* content(): AsyncGenerator<Uint8Array, void, undefined> {
    for (let at = 0, index = 0; at < bytes.byteLength; index += 1) {
      const length = lengths[index % lengths.length] ?? 1;
      yield bytes.subarray(at, at + length);
      at += length;
    }
  }
  return Array.fromAsync(zstdFrames(content()));
}
