import assert from "node:assert/strict";
import { METHODS } from "node:http";
import { describe, test } from "node:test";
import { createHeadParser, type HeadParser, type ParseFailure } from "./parser.ts";

const limit = 16 * 1024;

function parse(parser: HeadParser, text: string): number | ParseFailure {
  return parser.parse(Buffer.from(text, "latin1"));
}

describe("what is relied on of Node's parser", () => {
  test("it stops right behind a head, whether a body is announced, none, or an upgrade", () => {
    const heads = [
      "GET / HTTP/1.1\r\n\r\n",
      "POST / HTTP/1.1\r\ncontent-length: 5\r\n\r\n",
      "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n",
      "GET / HTTP/1.1\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n",
      "CONNECT a:1 HTTP/1.1\r\n\r\n",
      "GET / HTTP/1.1\r\nconnection: close\r\n\r\n",
    ];
    for (const head of heads) {
      const parser = createHeadParser(limit);
      assert.equal(parse(parser, `${head}5\r\nhello`), head.length, head);
      assert.ok(parser.head !== undefined);
    }
  });

  test("the next head on it is read, whatever body the one before announced", () => {
    const parser = createHeadParser(limit);
    for (const path of ["/a", "/b", "/c"]) {
      const head = `POST ${path} HTTP/1.1\r\ncontent-length: 5\r\n\r\n`;
      assert.equal(parse(parser, head), head.length);
      assert.equal(parser.head?.target, path);
    }
  });

  test("a head in pieces is complete with its last byte", () => {
    const head = "POST /v2/x?y HTTP/1.0\r\nA: b\r\nContent-Length:  7 \r\n\r\n";
    const parser = createHeadParser(limit);
    for (const byte of head.slice(0, -1)) {
      assert.equal(parse(parser, byte), 1);
      assert.equal(parser.head, undefined);
    }
    assert.equal(parse(parser, "\nrest"), 1);
    assert.deepEqual(parser.head, {
      major: 1,
      minor: 0,
      method: "POST",
      target: "/v2/x?y",
      headers: ["A", "b", "Content-Length", "7"],
      isKeptAlive: false,
    });
  });

  test("many headers, which come in several calls, are all there, and gone with the next head", () => {
    const parser = createHeadParser(limit);
    const names = Array.from({ length: 100 }, (_, index) => `x-${index}`);
    const head = `GET /long HTTP/1.1\r\n${names.map((name) => `${name}: 1\r\n`).join("")}\r\n`;
    const next = "GET /next HTTP/1.1\r\nlast: 2\r\n\r\n";
    for (let round = 0; round < 2; round += 1) {
      assert.equal(parse(parser, head), head.length);
      assert.equal(parser.head?.target, "/long");
      assert.deepEqual(
        parser.head?.headers,
        names.flatMap((name) => [name, "1"]),
      );
      assert.equal(parse(parser, next), next.length);
      assert.equal(parser.head?.target, "/next");
      assert.deepEqual(parser.head?.headers, ["last", "2"]);
    }
  });

  test("every method that Node knows has its name", () => {
    for (const method of METHODS) {
      const parser = createHeadParser(limit);
      parse(parser, `${method} ${method === "CONNECT" ? "a:1" : "/"} HTTP/1.1\r\n\r\n`);
      assert.equal(parser.head?.method, method);
    }
  });

  const malformed: readonly (readonly [string, string])[] = [
    ["no HTTP", "hello there\r\n\r\n"],
    ["TLS", "\x16\x03\x01\x02\x00\x01\r\n\r\n"],
    ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ["both lengths", "POST / HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n"],
    ["both lengths, the other way", "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\ncontent-length: 1\r\n\r\n"],
    ["two lengths", "POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\n"],
    ["a signed length", "POST / HTTP/1.1\r\ncontent-length: +1\r\n\r\n"],
    ["a length that is a list", "POST / HTTP/1.1\r\ncontent-length: 1, 1\r\n\r\n"],
    ["a length beyond 64 bits", "POST / HTTP/1.1\r\ncontent-length: 99999999999999999999999\r\n\r\n"],
    ["chunked, and then another coding", "POST / HTTP/1.1\r\ntransfer-encoding: chunked, gzip\r\n\r\n"],
    ["whitespace before the colon", "GET / HTTP/1.1\r\na : b\r\n\r\n"],
    ["a folded header", "GET / HTTP/1.1\r\na: b\r\n c\r\n\r\n"],
    ["bare line feeds", "GET / HTTP/1.1\na: b\n\n"],
    ["a bare carriage return in a value", "GET / HTTP/1.1\r\na: b\rc\r\n\r\n"],
    ["a NUL in a value", "GET / HTTP/1.1\r\na: b\0\r\n\r\n"],
  ];
  for (const [name, text] of malformed) {
    test(`it refuses ${name}, also byte by byte`, () => {
      assert.equal(parse(createHeadParser(limit), text), "malformed");
      const parser = createHeadParser(limit);
      const failed = [...text].find((byte) => parse(parser, byte) === "malformed");
      assert.ok(failed !== undefined);
      assert.equal(parser.head, undefined);
    });
  }

  test("a head beyond the limit is told apart", () => {
    assert.equal(parse(createHeadParser(limit), `GET / HTTP/1.1\r\na: ${"b".repeat(limit)}\r\n\r\n`), "too large");
    const many = "abcdefgh: i\r\n".repeat(limit / 9 + 1);
    assert.equal(parse(createHeadParser(limit), `GET / HTTP/1.1\r\n${many}\r\n`), "too large");
  });

  test("reset makes it new after a failure, after a part of a head and after the last request of a connection", () => {
    const parser = createHeadParser(limit);
    const many = "x: y\r\n".repeat(40);
    for (const before of [
      "hello\r\n\r\n",
      `GET /old HTTP/1.1\r\n${many}ho`,
      "GET / HTTP/1.1\r\nconnection: close\r\n\r\n",
    ]) {
      parse(parser, before);
      parser.reset();
      const head = "GET /new HTTP/1.1\r\na: b\r\n\r\n";
      assert.equal(parse(parser, head), head.length);
      assert.deepEqual([parser.head?.target, parser.head?.headers], ["/new", ["a", "b"]]);
    }
  });
});
