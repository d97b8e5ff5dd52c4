import assert from "node:assert/strict";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import * as fc from "fast-check";
import { isFailure } from "../failure.ts";
import { expandSparse, sparseFile } from "./sparse-file.ts";

// What real programs write is unpacked in test/integration/fetch/tar.test.ts; here is what is damaged.

const size = "GNU.sparse.size";
const map = "GNU.sparse.map";

test("what has no field of a sparse file is none", () => {
  assert.equal(sparseFile("w", {}), undefined);
  assert.equal(sparseFile("w", { path: "w" }), undefined);
});

test("a form that is not known is refused by name", () => {
  for (const [pax, message] of [
    [{ [size]: "4", "GNU.sparse.numblocks": "1" }, /"w" as a sparse file of version 0\.0/],
    [{ "GNU.sparse.major": "2", "GNU.sparse.minor": "0", "GNU.sparse.name": "real" }, /"real" .* of version "2\.0"/],
  ] as const) {
    assert.throws(() => sparseFile("w", pax), { name: "UnsafeArchive", message });
  }
});

const maps: readonly [map: string, size: string, content: string, expanded: string | undefined][] = [
  ["", "3", "", "\0\0\0"],
  ["0,2", "2", "ab", "ab"],
  ["1,1,3,2", "6", "abc", "\0a\0bc\0"],
  ["1,1,6,0", "6", "a", "\0a\0\0\0\0"],
  ["1,1", "6", "", undefined],
  ["1,1", "6", "ab", undefined],
  ["3,2,1,1", "6", "abc", undefined],
  ["0,2,1,1", "6", "abc", undefined],
  ["5,2", "6", "ab", undefined],
  ["1", "6", "a", undefined],
  ["-1,1", "6", "a", undefined],
  ["1,x", "6", "a", undefined],
  ["1,", "6", "a", undefined],
  ["0,1", "-6", "a", undefined],
  ["0,1", "", "a", undefined],
];
for (const [pieces, bytes, content, expanded] of maps) {
  test(`the map "${pieces}" of ${bytes} bytes over ${content.length} ${expanded === undefined ? "is refused" : "is laid out"}`, async () => {
    const laid = expand({ [size]: bytes, [map]: pieces }, [Buffer.from(content)]);
    if (expanded === undefined)
      await assert.rejects(laid, { name: "NotAModel", message: /"w" as a sparse file whose map/ });
    else assert.equal((await laid).toString(), expanded);
  });
}

const leading = { "GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "4" };

test("a map before the content is read however its bytes are cut", async () => {
  const stored = Buffer.concat([Buffer.from("1\n2\n2\n").subarray(0), Buffer.alloc(506), Buffer.from("ab")]);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 }), async (lengths) => {
      const pieces: Buffer[] = [];
      for (let at = 0, index = 0; at < stored.length; index += 1) {
        const length = lengths[index % lengths.length] ?? 1;
        pieces.push(stored.subarray(at, at + length));
        at += length;
      }
      assert.equal((await expand(leading, pieces)).toString(), "\0\0ab");
    }),
  );
});

test("a map before the content that is damaged, cut or without end is refused", async () => {
  const block = (text: string): Buffer => Buffer.concat([Buffer.from(text), Buffer.alloc(512 - text.length)]);
  const endless = Array.from({ length: 16_384 }, () => Buffer.from("1\n".repeat(256)));
  for (const pieces of [
    [],
    [Buffer.from("1\n0\n")],
    [block("x\n")],
    [block("-1\n")],
    [block("1\n0\n")],
    [block("1\n0\n9\n"), Buffer.from("123456789")],
    [block("9999999\n"), ...endless],
  ]) {
    await assert.rejects(expand(leading, pieces), { name: "NotAModel", message: /whose map does not fit/ });
  }
});

test("any field gives bytes of the size that it names, or a failure", async () => {
  const numbers = fc.array(fc.nat(40), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(numbers, fc.nat(60), fc.uint8Array({ maxLength: 40 }), async (pieces, bytes, content) => {
      try {
        assert.equal((await expand({ [size]: String(bytes), [map]: pieces.join(",") }, [content])).byteLength, bytes);
      } catch (error) {
        assert.ok(isFailure(error), String(error));
      }
    }),
  );
});

async function expand(pax: Readonly<Record<string, string>>, pieces: readonly Uint8Array[]): Promise<Buffer> {
  const file = sparseFile("w", pax);
  assert.ok(file !== undefined);
  async function* content(): AsyncGenerator<Uint8Array, void, undefined> {
    yield* pieces;
  }
  return buffer(expandSparse(file, content()));
}
