import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fastCheck from "fast-check";
import { dateLine, replyHead } from "./reply-head.ts";

const facts = { requestId: "r1", date: dateLine(new Date(0)), body: { length: 5 }, isLast: false } as const;

describe("the head of an answer", () => {
  test("has what every answer has", () => {
    assert.equal(
      replyHead(200, { "content-type": "application/json" }, facts),
      "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5\r\nx-request-id: r1\r\n" +
        "date: Thu, 01 Jan 1970 00:00:00 GMT\r\nconnection: keep-alive\r\n\r\n",
    );
  });

  test("says how the body ends, and the connection", () => {
    assert.match(replyHead(200, {}, { ...facts, body: "chunked" }), /\r\ntransfer-encoding: chunked\r\n/);
    for (const body of ["until close", undefined] as const) {
      assert.doesNotMatch(replyHead(200, {}, { ...facts, body }), /content-length|transfer-encoding/);
    }
    assert.match(
      replyHead(503, {}, { ...facts, isLast: true }),
      /^HTTP\/1\.1 503 Service Unavailable\r\n[^]*\r\nconnection: close\r\n/,
    );
  });

  test("a status without a name is sent with an empty one", () => {
    assert.match(replyHead(499, {}, facts), /^HTTP\/1\.1 499 \r\n/);
  });

  test("the layer's own headers cannot be contradicted", () => {
    const head = replyHead(
      200,
      { "content-length": "1", connection: "upgrade", "transfer-encoding": "x", date: "x" },
      facts,
    );
    assert.equal(head, replyHead(200, {}, facts));
  });

  test("no value can begin a line of its own or leave ASCII", () => {
    fastCheck.assert(
      fastCheck.property(fastCheck.string({ unit: "binary" }), (value) => {
        const head = replyHead(200, { "x-value": value }, facts);
        assert.equal(head.split("\r\n").length, 8);
        // oxlint-disable-next-line no-control-regex
        assert.match(head, /^[\t\r\n\x20-\x7e]*$/);
        assert.equal(head.split(/[\r\n]+/).length, 7);
      }),
    );
    assert.match(replyHead(200, { "x-value": "a\r\nb: c" }, facts), /\r\nx-value: a\?\?b: c\r\n/);
  });
});
