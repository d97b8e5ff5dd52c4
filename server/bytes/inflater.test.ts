import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { constants, createZstdCompress, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { type Compression, createInflater } from "./inflater.ts";

/** What went wrong. */
type Broken = Readonly<Record<"broken", "data" | "window" | "limit">>;

/** Feeds the pieces as a connection does, one at a time, and gives the text or what went wrong. */
function inflate(compression: Compression, pieces: readonly Uint8Array[], limit = 1e9): Promise<string | Broken> {
  return new Promise((resolve) => {
    const output: Buffer[] = [];
    let size = 0;
    const left = [...pieces];
    const next = (): void => {
      const piece = left.shift();
      if (piece === undefined) inflater.end();
      else inflater.write(piece);
    };
    const inflater = createInflater(compression, {
      output(bytes) {
        size += bytes.length;
        output.push(Buffer.from(bytes));
        if (size <= limit) return;
        inflater.destroy();
        resolve({ broken: "limit" });
      },
      ready: next,
      finished: () => resolve(Buffer.concat(output).toString()),
      broken: (cause) => resolve({ broken: cause }),
    });
    next();
  });
}

const text = '{"inputs":[1,2,3]}'.repeat(5000);
const compressed = { gzip: gzipSync(text), deflate: deflateSync(text), zstd: zstdCompressSync(text) } as const;
const kinds = ["gzip", "deflate", "zstd"] as const;

for (const kind of kinds) {
  describe(kind, () => {
    const bytes = compressed[kind];
    const refused = async (pieces: readonly Uint8Array[]): Promise<void> => {
      assert.deepEqual(await inflate(kind, pieces), { broken: "data" });
    };

    test("comes back, whole and byte by byte", async () => {
      assert.equal((await inflate(kind, [bytes])) === text, true);
      assert.equal(
        (await inflate(
          kind,
          Array.from(bytes, (byte) => Uint8Array.of(byte)),
        )) === text,
        true,
      );
    });

    test("is refused when it is cut off", async () => {
      for (const length of [1, 5, Math.floor(bytes.length / 2), bytes.length - 1])
        await refused([bytes.subarray(0, length)]);
    });

    for (const [name, garbage] of [
      ["garbage", Buffer.from("garbage")],
      ["zeros", Buffer.alloc(9)],
      ["one zero", Buffer.alloc(1)],
    ] as const) {
      test(`is refused with ${name} behind it, in the same piece and in the next`, async () => {
        await refused([Buffer.concat([bytes, garbage])]);
        await refused([bytes, garbage]);
        await refused([...Array.from(bytes, (byte) => Uint8Array.of(byte)), garbage]);
      });
    }

    test("is refused when it is another compression, or none", async () => {
      await refused([Buffer.from(text)]);
      await refused([compressed[kind === "gzip" ? "zstd" : "gzip"]]);
    });

    test("tells nothing more once it is destroyed", async () => {
      assert.deepEqual(await inflate(kind, [bytes], 1000), { broken: "limit" });
    });
  });
}

describe("several in one body", () => {
  for (const kind of ["gzip", "zstd"] as const) {
    test(`${kind}: one after the other, wherever the pieces end`, async () => {
      const bytes = compressed[kind];
      const both = Buffer.concat([bytes, bytes]);
      for (const cut of [0, bytes.length - 1, bytes.length, bytes.length + 1, both.length]) {
        const outcome = await inflate(
          kind,
          [both.subarray(0, cut), both.subarray(cut)].filter(({ length }) => length > 0),
        );
        assert.equal(outcome === text + text, true, `${cut}`);
      }
      assert.deepEqual(await inflate(kind, [both.subarray(0, -1)]), { broken: "data" });
    });
  }

  test("a deflate stream has one end", async () => {
    assert.deepEqual(await inflate("deflate", [Buffer.concat([compressed.deflate, compressed.deflate])]), {
      broken: "data",
    });
  });

  test("zstd frames are counted: each costs a decoder", async () => {
    const frame = zstdCompressSync("x");
    assert.equal(await inflate("zstd", [Buffer.concat(Array.from({ length: 64 }, () => frame))]), "x".repeat(64));
    assert.deepEqual(await inflate("zstd", [Buffer.concat(Array.from({ length: 65 }, () => frame))]), {
      broken: "data",
    });
  });
});

test("deflate is the zlib format", async () => {
  assert.deepEqual(await inflate("deflate", [deflateRawSync(text)]), { broken: "data" });
});

test("a zstd window beyond 8 MiB is refused by name, one of 8 MiB is not", async () => {
  for (const [log, isTaken] of [
    [23, true],
    [24, false],
  ] as const) {
    const outcome = await inflate("zstd", [await withWindow(log)]);
    assert.deepEqual(outcome, isTaken ? "hello" : { broken: "window" });
  }
});

/** Streamed, as the window of a frame of known size is its size. */
async function withWindow(log: number): Promise<Uint8Array> {
  const compressor = createZstdCompress({ params: { [constants.ZSTD_c_windowLog]: log } });
  compressor.write("hel");
  compressor.end("lo");
  const pieces: Buffer[] = [];
  for await (const piece of compressor) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}
