import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync, gzipSync } from "node:zlib";
import { isProblem } from "../../errors.ts";
import { createBufferPool } from "../../bytes/buffer-pool.ts";
import { inflaterBytes } from "../../bytes/inflater.ts";
import { inflate, isMessageEncoding, type MessageEncoding } from "./inflate.ts";

const pool = createBufferPool(0);
const content = Buffer.from("slipway ".repeat(30_000));

async function run(
  bytes: Buffer,
  encoding: MessageEncoding,
  limitBytes: number,
  available = Number.POSITIVE_INFINITY,
): Promise<{ readonly result: Buffer | string; readonly taken: number }> {
  let taken = 0;
  const take = (size: number): boolean => {
    if (taken + size > available) return false;
    taken += size;
    return true;
  };
  const { message } = inflate(Buffer.from(new Uint8Array(bytes)), encoding, { limitBytes, take, pool });
  const result = await message;
  assert.ok(result !== undefined);
  return { result: isProblem(result) ? result.code : result, taken };
}

test("a message comes back as it was, and its memory is reserved", async () => {
  for (const [encoding, bytes] of [
    ["gzip", gzipSync(content)],
    ["deflate", deflateSync(content)],
  ] as const) {
    const { result, taken } = await run(bytes, encoding, content.length);
    assert.ok(typeof result !== "string" && result.equals(content), encoding);
    assert.equal(taken, content.length + inflaterBytes[encoding]);
  }
});

test("what is larger than a message may be is refused long before it is all there", async () => {
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
  const { result, taken } = await run(bomb, "gzip", 1024 * 1024);
  assert.equal(result, "BodyTooLarge");
  assert.ok(taken <= 1024 * 1024 + inflaterBytes.gzip, `${taken} bytes were reserved`);
});

test("what finds no memory is refused", async () => {
  assert.equal((await run(gzipSync(content), "gzip", content.length, 200_000)).result, "Overloaded");
});

test("what is broken, cut off or compressed in another way is refused", async () => {
  const bytes = gzipSync(content);
  for (const wrong of [bytes.subarray(0, -3), Buffer.from("plain"), deflateSync(content), Buffer.alloc(0)]) {
    assert.equal((await run(wrong, "gzip", content.length)).result, "BadCompression");
  }
  const changed = Buffer.from(bytes);
  changed[changed.length - 6] = (changed.at(-6) ?? 0) ^ 1;
  assert.equal((await run(changed, "gzip", content.length)).result, "BadCompression");
});

test("the memory of a message is free as soon as it is released, and it tells nothing of one that is not whole", async () => {
  const whole = inflate(Buffer.from(new Uint8Array(gzipSync(content))), "gzip", {
    limitBytes: 1e6,
    take: () => true,
    pool,
  });
  const message = await whole.message;
  assert.ok(message !== undefined && !isProblem(message));
  whole.release();
  assert.equal(message.length, 0);
  const begun = inflate(Buffer.from(new Uint8Array(gzipSync(content))), "gzip", {
    limitBytes: 1e6,
    take: () => true,
    pool,
  });
  begun.release();
  assert.equal(await begun.message, undefined);
});

test("only gzip and deflate are encodings", () => {
  assert.deepEqual(["gzip", "deflate", "identity", "br", "toString"].map(isMessageEncoding), [
    true,
    true,
    false,
    false,
    false,
  ]);
});
