import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isProblem } from "../../errors.ts";
import { type Framing, framingOf, headerOf, requestIdOf } from "./framing.ts";
import type { RequestHead } from "./parser.ts";

function head(headers: readonly string[], minor = 1): RequestHead {
  return { major: 1, minor, method: "POST", target: "/", headers, isKeptAlive: true };
}

function framing(headers: readonly string[], minor = 1): Framing {
  const found = framingOf(head(headers, minor));
  assert.ok(!isProblem(found));
  return found;
}

describe("framing", () => {
  test("without a length there is no body", () => {
    assert.deepEqual(framing(["host", "a"]), {
      bodyBytes: 0,
      isContinueExpected: false,
      contentEncoding: "",
      requestId: undefined,
    });
  });

  test("names are of any case, the length is decimal with zeros in front", () => {
    assert.equal(framing(["CONTENT-Length", "0010"]).bodyBytes, 10);
  });

  test("chunked is the only transfer coding", () => {
    assert.equal(framing(["Transfer-Encoding", "Chunked"]).bodyBytes, -1);
    for (const headers of [
      ["transfer-encoding", "gzip, chunked"],
      ["transfer-encoding", "gzip", "transfer-encoding", "chunked"],
      ["transfer-encoding", "chunked", "transfer-encoding", "chunked"],
    ]) {
      const refused = framingOf(head(headers));
      assert.ok(isProblem(refused));
      assert.equal(refused.status, 501);
    }
  });

  test("100-continue is the only expectation, and none in HTTP/1.0", () => {
    assert.equal(framing(["Expect", "100-Continue"]).isContinueExpected, true);
    assert.equal(framing(["expect", "100-continue", "expect", "100-continue"]).isContinueExpected, true);
    assert.equal(framing(["expect", "100-continue"], 0).isContinueExpected, false);
    assert.equal(framing(["expect", "200-ok"], 0).isContinueExpected, false);
    for (const headers of [
      ["expect", "200-ok"],
      ["expect", "100-continue", "expect", "other"],
    ]) {
      const refused = framingOf(head(headers));
      assert.ok(isProblem(refused));
      assert.equal(refused.status, 417);
    }
  });

  test("content-encodings are joined", () => {
    assert.equal(framing(["content-encoding", "gzip", "Content-Encoding", "zstd"]).contentEncoding, "gzip, zstd");
  });

  test("a request id is printable ASCII of 1 to 128; what is not is as if it were not there", () => {
    const longest = "a".repeat(128);
    assert.equal(framing(["X-Request-Id", longest]).requestId, longest);
    for (const id of ["", `${longest}a`, "a b", "a\tb", "é"]) {
      assert.equal(framing(["x-request-id", id]).requestId, undefined);
      assert.equal(requestIdOf(head(["x-request-id", id])), undefined);
    }
    assert.equal(requestIdOf(head(["X-Request-Id", "a"])), "a");
  });

  test("a header is found by its lower-case name, repeated ones are joined", () => {
    const headers = ["Accept", "a", "accept-x", "b", "ACCEPT", "c"];
    assert.equal(headerOf(headers, "accept"), "a, c");
    assert.equal(headerOf(headers, "accent"), undefined);
  });
});
