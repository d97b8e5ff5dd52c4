import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { createChunkedDecoder } from "./chunked.ts";

interface Decoded {
  readonly data: string;
  readonly state: string;
  /** What followed the body. */
  readonly rest: string;
}

function decode(pieces: readonly string[]): Decoded {
  const decoder = createChunkedDecoder();
  let data = "";
  let rest = "";
  for (const piece of pieces) {
    const bytes = Buffer.from(piece, "latin1");
    let offset = 0;
    while (offset < bytes.length && decoder.state === "open") {
      offset = decoder.step(bytes, offset);
      data += Buffer.from(decoder.data).toString("latin1");
    }
    if (decoder.state === "done") rest += bytes.subarray(offset).toString("latin1");
  }
  return { data, state: decoder.state, rest };
}

describe("a chunked body", () => {
  const good: readonly (readonly [string, string, string])[] = [
    ["no data", "0\r\n\r\n", ""],
    ["one chunk", "5\r\nhello\r\n0\r\n\r\n", "hello"],
    [
      "two chunks, hexadecimal of both cases",
      "A\r\n0123456789\r\n0b\r\n01234567890\r\n000\r\n\r\n",
      "012345678901234567890",
    ],
    ["extensions", '5;a;b=c;d="e\\" f";g\r\nhello\r\n0;last\r\n\r\n', "hello"],
    ["trailers", "1\r\nx\r\n0\r\nContent-MD5: 7\r\nother:\r\n\r\n", "x"],
    ["data that looks like framing", "7\r\n0\r\n\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n\r\n"],
  ];
  for (const [name, text, data] of good) {
    test(`of ${name} ends where it ends, in whatever pieces it comes`, () => {
      for (const pieces of [[text, "GET"], [...text, "GET"], [`${text}GET`]]) {
        assert.deepEqual(decode(pieces), { data, state: "done", rest: "GET" });
      }
    });
  }

  const bad: readonly (readonly [string, string])[] = [
    ["no size", "\r\nhello\r\n0\r\n\r\n"],
    ["an extension without a size", ";a\r\n0\r\n\r\n"],
    ["a size that is not hexadecimal", "g\r\n"],
    ["a prefix", "0x5\r\nhello\r\n0\r\n\r\n"],
    ["a sign", "-5\r\nhello\r\n0\r\n\r\n"],
    ["a space behind the size", "5 \r\nhello\r\n0\r\n\r\n"],
    ["a space before the size", " 5\r\nhello\r\n0\r\n\r\n"],
    ["a bare line feed behind the size", "5\nhello\r\n0\r\n\r\n"],
    ["a bare carriage return behind the size", "5\rhello\r\n0\r\n\r\n"],
    ["a bare line feed behind the data", "5\r\nhello\n0\r\n\r\n"],
    ["data longer than its size", "4\r\nhello\r\n0\r\n\r\n"],
    ["a bare line feed in an extension", "5;a\nb\r\nhello\r\n0\r\n\r\n"],
    ["a quoted line in an extension", '5;a="\r\nhello\r\n0\r\n\r\n"\r\n'],
    ["a control character in an extension", "5;\0\r\nhello\r\n0\r\n\r\n"],
    ["a bare line feed at the end", "0\r\n\n"],
    ["a trailer without a name", "0\r\n: x\r\n\r\n"],
    ["a length as a trailer", "0\r\nContent-Length: 7\r\n\r\n"],
    ["a transfer-encoding as a trailer", "0\r\ntransfer-encoding: chunked\r\n\r\n"],
    ["a trailer without a colon", "0\r\nx\r\n\r\n"],
    ["a folded trailer", "0\r\na: b\r\n c\r\n\r\n"],
    ["a size of more than 48 bits", `1${"0".repeat(12)}\r\n`],
  ];
  for (const [name, text] of bad) {
    test(`with ${name} is refused`, () => {
      for (const pieces of [[text], [...text]]) assert.notEqual(decode(pieces).state, "done");
      assert.equal(decode([text, "\r\n0\r\n\r\n"]).state, "malformed");
    });
  }

  test("extensions, trailers and zeros without an end are refused", () => {
    const kilobyte = "0".repeat(1024);
    for (const begin of ["", "5;", "0\r\nx:"]) {
      const pieces = [begin, ...Array.from({ length: 17 }, () => kilobyte)];
      assert.equal(decode(pieces).state, "malformed");
    }
    const chunks = Array.from({ length: 20 }, () => `1;${kilobyte}\r\nx\r\n`);
    assert.equal(decode(chunks).state, "malformed", "the bound holds for the body, not for a chunk");
  });

  test("a step stops behind each piece of data, which is a view", () => {
    const bytes = Buffer.from("5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n");
    const decoder = createChunkedDecoder();
    const offset = decoder.step(bytes, 0);
    assert.equal(offset, 8);
    assert.equal(decoder.data.buffer, bytes.buffer);
    assert.equal(Buffer.from(decoder.data).toString(), "hello");
  });

  test("what any encoder writes comes back, in any pieces", () => {
    const chunk = fc.record({
      data: fc.string({ minLength: 1, maxLength: 40 }).map((text) => Buffer.from(text).toString("latin1")),
      zeros: fc.nat(3),
      extension: fc.constantFrom("", ";x", ';x="a;b"'),
    });
    const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 });
    fc.assert(
      fc.property(
        fc.array(chunk, { maxLength: 6 }),
        fc.constantFrom("", "a: b\r\n"),
        cuts,
        (chunks, trailer, where) => {
          const sizes = chunks.map(
            ({ data, zeros, extension }) =>
              `${"0".repeat(zeros)}${data.length.toString(16)}${extension}\r\n${data}\r\n`,
          );
          const text = `${sizes.join("")}0\r\n${trailer}\r\nGET`;
          const offsets = [
            0,
            ...where.map((part) => Math.floor(part * text.length)).toSorted((a, b) => a - b),
            text.length,
          ];
          const pieces = offsets.slice(1).map((end, index) => text.slice(offsets[index], end));
          assert.deepEqual(decode(pieces), {
            data: chunks.map(({ data }) => data).join(""),
            state: "done",
            rest: "GET",
          });
        },
      ),
    );
  });
});
