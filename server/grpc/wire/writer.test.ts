import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { lengthDelimited, varint } from "../../../test/fixtures/proto-message.ts";
import { beginFrame, completeFrame } from "./message-frame.ts";
import {
  beginMessage,
  createWriter,
  endMessage,
  varintBytes,
  writeBytes,
  writePackedIntegers,
  writeRaw,
  writeSigned,
  writeStringField,
  writeVarint,
  writeVarint64,
  written,
} from "./writer.ts";

test("a varint is as short as it can be", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      const writer = createWriter();
      writeVarint(writer, value);
      assert.deepEqual([...written(writer)], [...varint(BigInt(value))]);
      if (value < 2 ** 35) assert.equal(varintBytes(value), writer.length);
    }),
    { examples: [[0], [127], [128], [2 ** 31 - 1], [2 ** 31], [2 ** 32], [2 ** 53 - 1]] },
  );
});

test("a negative number takes ten bytes, as int32 and as int64", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), (value) => {
      const writer = createWriter();
      writeVarint64(writer, value);
      assert.deepEqual([...written(writer)], [...varint(value)]);
    }),
    { examples: [[-1n], [2n ** 53n], [2n ** 63n]] },
  );
  const writer = createWriter();
  writeSigned(writer, -5);
  assert.deepEqual([...written(writer)], [...varint(-5n)]);
});

test("a message within a message has its length before it, however long it becomes", () => {
  for (const size of [0, 1, 125, 126, 127, 128, 300, 16_381, 16_390, 2_100_000]) {
    const content = Buffer.alloc(size, 7);
    const writer = createWriter(16);
    const outer = beginMessage(writer, 3);
    const inner = beginMessage(writer, 4);
    writeRaw(writer, content);
    endMessage(writer, inner);
    writeStringField(writer, 5, "é");
    endMessage(writer, outer);
    const expected = lengthDelimited(
      3,
      Buffer.concat([lengthDelimited(4, content), lengthDelimited(5, Buffer.from("é"))]),
    );
    assert.ok(expected.equals(written(writer)), `${size} bytes`);
  }
});

test("fields with their default value are left out, and empty bytes of a repeated field are not", () => {
  const writer = createWriter();
  writeStringField(writer, 1, "");
  writePackedIntegers(writer, 2, []);
  writeBytes(writer, 3, new Uint8Array(0));
  assert.deepEqual([...written(writer)], [...lengthDelimited(3, Buffer.alloc(0))]);
});

test("a frame says how long all its pieces are together", () => {
  const writer = beginFrame();
  writeRaw(writer, Buffer.from([1, 2]));
  const pieces = [written(writer), new Uint8Array(70_000)];
  completeFrame(pieces);
  assert.deepEqual([...(pieces[0] ?? [])], [0, 0x00, 0x01, 0x11, 0x72, 1, 2]);
  assert.throws(() => completeFrame([new Uint8Array(4)]), /no room/);
});
