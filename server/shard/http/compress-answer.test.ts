import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gunzipSync, inflateSync, zstdDecompressSync } from "node:zlib";
import fc from "fast-check";
import { isProblem } from "../../errors.ts";
import { compressAnswer, compressedBytes, isWorthCompressing } from "./compress-answer.ts";

const undo = { gzip: gunzipSync, deflate: inflateSync, zstd: zstdDecompressSync } as const;
const free = { take: () => true, isGone: () => false };
const codings = ["gzip", "deflate", "zstd"] as const;

test("whatever the parts are, they come back in their order", async () => {
  const part = fc.oneof(fc.string({ unit: "binary" }), fc.uint8Array());
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 20 }), fc.constantFrom(...codings), async (parts, coding) => {
      const compressed = await compressAnswer(parts, { coding, ...free });
      assert.ok(!isProblem(compressed));
      const wanted = Buffer.concat(parts.map((one) => (typeof one === "string" ? Buffer.from(one) : one)));
      assert.ok(undo[coding](Buffer.concat(compressed)).equals(wanted), "the parts come back");
    }),
  );
});

describe("an answer that is made as it is needed", () => {
  const letters = "0123456789".repeat(20_000);
  function* parts(count: number, onPart: (index: number) => void = () => undefined): Generator<string> {
    for (let index = 0; index < count; index++) {
      onPart(index);
      yield letters;
    }
  }

  for (const coding of codings) {
    test(`lets others have their turn before each part: ${coding}`, async () => {
      let turns = 0;
      let isOver = false;
      const turn = (): void => {
        turns += 1;
        if (!isOver) setImmediate(turn);
      };
      setImmediate(turn);
      const seen: number[] = [];
      const compressed = await compressAnswer(
        parts(10, () => seen.push(turns)),
        { coding, ...free },
      );
      isOver = true;
      assert.ok(!isProblem(compressed));
      assert.equal(new Set(seen).size, 10, seen.join());
      assert.equal(undo[coding](Buffer.concat(compressed)).length, 10 * letters.length);
    });
  }

  test("is given up when its client has gone, and its maker told", async () => {
    let made = 0;
    let isReturned = false;
    function* all(): Generator<string> {
      try {
        for (;;) {
          made += 1;
          yield letters;
        }
      } finally {
        isReturned = true;
      }
    }
    await compressAnswer(all(), { coding: "gzip", take: () => true, isGone: () => made === 3 });
    assert.deepEqual([made, isReturned], [3, true]);
  });

  test("is refused when there is no memory for what comes out, or to begin with", async () => {
    const noise = Array.from({ length: 20 }, (_, index) =>
      Uint8Array.from({ length: 100_000 }, (_byte, at) => (Math.imul(at + 1, 2_654_435_761 + index) >>> 13) & 255),
    );
    let left = 600 * 1024;
    const take = (bytes: number): boolean => {
      left -= bytes;
      return left >= 0;
    };
    const refused = await compressAnswer(noise, { coding: "gzip", take, isGone: () => false });
    assert.ok(isProblem(refused) && refused.code === "AnswerTooLarge");
    const none = await compressAnswer(noise, { coding: "gzip", take: () => false, isGone: () => false });
    assert.ok(isProblem(none) && none.code === "Overloaded");
  });

  test("that fails, fails", async () => {
    const failing = parts(5, (index) => {
      if (index === 3) throw new Error("no more");
    });
    await assert.rejects(compressAnswer(failing, { coding: "zstd", ...free }), /no more/);
  });
});

test("what is small, and known to be, is not worth it", () => {
  assert.equal(isWorthCompressing(["a".repeat(compressedBytes - 1)]), false);
  assert.equal(isWorthCompressing(["a".repeat(compressedBytes - 1), new Uint8Array(1)]), true);
  assert.equal(isWorthCompressing(new Set(["a"])), true);
});
