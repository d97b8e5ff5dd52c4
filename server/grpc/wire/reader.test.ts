import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { lengthDelimited, varint } from "../../../test/fixtures/proto-message.ts";
import {
  createReader,
  enterMessage,
  leaveMessage,
  nextField,
  type Reader,
  readBool,
  readBytes,
  readDouble,
  readInt64,
  readString,
  readUint64,
  readVarint,
  skipField,
} from "./reader.ts";

const tag = (field: number, wireType: number): Buffer => varint(BigInt(field * 8 + wireType));

function readerOf(...parts: readonly Uint8Array[]): Reader {
  return createReader(Buffer.concat(parts));
}

function faultOf(...parts: readonly Uint8Array[]): string {
  const reader = readerOf(...parts);
  while (nextField(reader)) skipField(reader);
  assert.equal(reader.position, reader.end);
  return reader.fault ?? "";
}

describe("a varint", () => {
  test("is read with all its 64 bits, signed and unsigned", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (bits) => {
        const bytes = varint(bits);
        const reader = createReader(bytes);
        const low = readVarint(reader);
        assert.equal((BigInt(reader.high) << 32n) | BigInt(low), bits);
        assert.equal(reader.position, bytes.length);
        assert.equal(BigInt(readInt64(createReader(bytes))), BigInt.asIntN(64, bits));
        assert.equal(BigInt(readUint64(createReader(bytes))), bits);
        assert.equal(readBool(createReader(bytes)), bits !== 0n);
      }),
      { examples: [[0n], [127n], [128n], [2n ** 28n], [2n ** 32n], [2n ** 35n], [2n ** 53n], [2n ** 63n]] },
    );
  });

  test("that a number holds exactly is a number", () => {
    assert.equal(readInt64(createReader(varint(-1n))), -1);
    assert.equal(readInt64(createReader(varint(2n ** 53n))), 2n ** 53n);
    assert.equal(readUint64(createReader(varint(2n ** 53n - 1n))), 2 ** 53 - 1);
  });

  test("may be longer than it has to be, up to ten bytes", () => {
    const reader = readerOf(Buffer.from([0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]));
    assert.equal(readVarint(reader), 1);
    assert.equal(reader.fault, undefined);
  });

  test("of more than ten bytes, or that is cut off, is a fault", () => {
    assert.match(faultOf(tag(1, 0), Buffer.alloc(11, 0x80)), /more than 10 bytes/);
    assert.match(faultOf(tag(1, 0), Buffer.from([0x80])), /ends at byte 2 within a number/);
  });
});

describe("fields", () => {
  test("that are unknown are read past, whatever their wire type", () => {
    const reader = readerOf(
      Buffer.concat([tag(9, 0), varint(2n ** 64n - 1n)]),
      Buffer.concat([tag(10, 1), Buffer.alloc(8, 0xff), tag(11, 5), Buffer.alloc(4, 0xff)]),
      Buffer.concat([lengthDelimited(12, Buffer.alloc(300, 0xff)), lengthDelimited(3, Buffer.from("a"))]),
    );
    const found: string[] = [];
    while (nextField(reader)) {
      if (reader.field === 3) found.push(readString(reader));
      else skipField(reader);
    }
    assert.deepEqual(found, ["a"]);
    assert.equal(reader.fault, undefined);
  });

  test("have numbers from 1 to 2^29 - 1", () => {
    assert.match(faultOf(Buffer.from([0x02, 0x00])), /byte 0 begins a field whose number is not from 1/);
    assert.match(faultOf(varint(2n ** 32n), Buffer.from([0])), /whose number is not from 1/);
    assert.equal(faultOf(varint(BigInt(2 ** 29 - 1) * 8n), Buffer.from([0])), "");
  });

  test("that are groups, or have a wire type that is none, are refused", () => {
    for (const wireType of [3, 4]) assert.match(faultOf(tag(5, wireType)), /field 5 at byte 0 is a group/);
    for (const wireType of [6, 7]) assert.match(faultOf(tag(5, wireType)), /has the wire type [67]/);
  });

  test("that claim more than there is are refused", () => {
    assert.match(faultOf(tag(2, 2), varint(3n), Buffer.from("ab")), /field 2 claims 3 bytes at byte 2, where 2 are/);
    assert.match(faultOf(tag(2, 2), varint(2n ** 64n - 1n)), /claims \d+ bytes/);
    assert.match(faultOf(tag(2, 1), Buffer.alloc(7)), /claims 8 bytes/);
    assert.match(faultOf(tag(2, 5), Buffer.alloc(3)), /claims 4 bytes/);
  });
});

describe("values", () => {
  test("of bytes are views of the message", () => {
    const message = lengthDelimited(1, Buffer.from([1, 2, 3]));
    const reader = createReader(message);
    nextField(reader);
    const value = readBytes(reader);
    assert.equal(value.buffer, message.buffer);
    assert.deepEqual([...value], [1, 2, 3]);
  });

  test("of strings are UTF-8, and nothing else", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const reader = createReader(lengthDelimited(1, Buffer.from(text)));
        nextField(reader);
        assert.equal(readString(reader), text.toWellFormed());
      }),
    );
    for (const wrong of [[0xff], [0x61, 0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80]]) {
      const reader = createReader(lengthDelimited(1, Buffer.from(wrong)));
      nextField(reader);
      assert.equal(readString(reader), "");
      assert.match(reader.fault ?? "", /field 1 at byte 2 is not UTF-8/);
    }
  });

  test("of doubles keep every bit", () => {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(-0.1);
    assert.equal(readDouble(createReader(bytes)), -0.1);
  });
});

test("a message within a message ends where it says, and the outer one goes on behind it", () => {
  const inner = Buffer.concat([tag(1, 0), varint(7n)]);
  const reader = readerOf(lengthDelimited(2, inner), tag(3, 0), varint(8n));
  assert.ok(nextField(reader));
  const outer = enterMessage(reader);
  assert.ok(nextField(reader));
  assert.equal(readVarint(reader), 7);
  assert.ok(!nextField(reader));
  leaveMessage(reader, outer);
  assert.ok(nextField(reader));
  assert.equal(reader.field, 3);
  assert.equal(readVarint(reader), 8);
  assert.ok(!nextField(reader));
});

test("a message within a message cannot reach beyond the outer one", () => {
  const reader = readerOf(tag(2, 2), varint(9n), Buffer.from([1]));
  nextField(reader);
  const outer = enterMessage(reader);
  assert.ok(!nextField(reader));
  leaveMessage(reader, outer);
  assert.match(reader.fault ?? "", /field 2 claims 9 bytes/);
  assert.ok(!nextField(reader));
});

test("whatever the bytes are, reading ends, within them", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const reader = createReader(Buffer.from(bytes));
      let fields = 0;
      while (nextField(reader)) {
        fields += 1;
        if (reader.wireType === 2 && fields % 2 === 0) {
          const outer = enterMessage(reader);
          while (nextField(reader)) skipField(reader);
          leaveMessage(reader, outer);
        } else skipField(reader);
        assert.ok(reader.position <= bytes.length);
      }
      assert.ok(fields <= bytes.length);
    }),
    { numRuns: 2000 },
  );
});
