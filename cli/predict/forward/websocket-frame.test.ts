import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { createFrameReader, encodeFrame, type Frame, opcodes } from "./websocket-frame.ts";

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");
const noMask = Buffer.alloc(4);

/** As a server sends it. */
function unmasked(opcode: number, payload: Uint8Array): Buffer {
  const frame = encodeFrame(opcode, payload, noMask);
  const start = frame.length - payload.length;
  const head = Buffer.from(frame.subarray(0, start - 4));
  head[1] = (head[1] ?? 0) & 0x7f;
  return Buffer.concat([head, payload]);
}

describe("a frame", () => {
  // RFC 6455, 5.7.
  test("is written as the standard's example", () => {
    const frame = encodeFrame(opcodes.text, Buffer.from("Hello"), hex("37 fa 21 3d"));
    assert.deepEqual(frame, hex("81 85 37 fa 21 3d 7f 9f 4d 51 58"));
    const heads = [125, 126, 65_535, 65_536].map((size) =>
      encodeFrame(opcodes.binary, Buffer.alloc(size), noMask).subarray(0, 10).toString("hex"),
    );
    assert.deepEqual(
      heads.map((head, index) => head.slice(0, [4, 8, 8, 20][index])),
      ["82fd", "82fe007e", "82feffff", "82ff0000000000010000"],
    );
  });

  test("is read as the standard's examples", () => {
    const read = createFrameReader();
    const frames = read(hex("81 05 48 65 6c 6c 6f  01 03 48 65 6c  80 02 6c 6f  89 00"));
    assert.deepEqual(
      frames.map(({ opcode, isFinal, payload }) => [opcode, isFinal, payload.toString()]),
      [
        [opcodes.text, true, "Hello"],
        [opcodes.text, false, "Hel"],
        [opcodes.continuation, true, "lo"],
        [opcodes.ping, true, ""],
      ],
    );
  });

  test("is the same however its bytes are cut", () => {
    const sizes = fc.array(fc.constantFrom(0, 1, 125, 126, 127, 65_535, 65_536), { maxLength: 4 });
    fc.assert(
      fc.property(sizes, fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1 }), (payloads, cuts) => {
        const sent = payloads.map((size, index) => unmasked(opcodes.binary, Buffer.alloc(size, index + 1)));
        const bytes = Buffer.concat(sent);
        const read = createFrameReader();
        const frames: Frame[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const end = at + (cuts[turn % cuts.length] ?? 1);
          frames.push(...read(bytes.subarray(at, end)));
          at = end;
        }
        assert.deepEqual(
          frames.map(({ payload }) => payload.length),
          payloads,
        );
        assert.ok(frames.every(({ payload }, index) => payload.equals(Buffer.alloc(payload.length, index + 1))));
      }),
      { numRuns: 50 },
    );
  });

  test("that no server may send is refused", () => {
    const wrong: readonly (readonly [bytes: string, says: RegExp])[] = [
      ["82 80 00 00 00 00", /masks its frames/],
      ["c2 00", /an extension of WebSocket/],
      ["82 7f 00 00 00 00 7f ff ff ff", /announces a frame of 2147483647 bytes/],
    ];
    for (const [bytes, says] of wrong) assert.throws(() => createFrameReader()(hex(bytes)), { message: says });
  });
});
