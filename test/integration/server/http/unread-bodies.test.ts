import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { answerJson, client, megabyte, post, raw, serveHttp } from "./harness.ts";
import { close, head } from "./request-bytes.ts";

describe("an answer before the body was read", () => {
  const early = {
    head(exchange: Parameters<typeof answerJson>[0]) {
      answerJson(exchange, exchange.path);
      return undefined;
    },
  };

  test("a short rest is read over and the connection goes on, whatever pieces it comes in", async () => {
    const { port } = await serveHttp(early);
    const { send, closed, until } = client(port, `POST /1 HTTP/1.1\r\ncontent-length: 10\r\n\r\n`);
    await until(/"\/1"$/);
    send("GET /");
    await new Promise(setImmediate);
    send("smug");
    send(`gPOST /2 HTTP/1.1\r\n${close}\r\n`);
    assert.match(await closed, /^HTTP\/1\.1 200 [^]*keep-alive[^]*"\/1"HTTP\/1\.1 200 [^]*"\/2"$/);
  });

  for (const [name, more] of [
    ["a long rest", `content-length: ${megabyte}\r\n`],
    ["chunks", "transfer-encoding: chunked\r\n"],
    ["an expectation", "content-length: 10\r\nexpect: 100-continue\r\n"],
  ] as const) {
    test(`${name} ends the connection`, async () => {
      const { port } = await serveHttp(early);
      const text = await raw(port, head(more));
      assert.match(text, /^HTTP\/1\.1 200 [^]*connection: close[^]*"\/p"$/);
    });
  }
});

describe("a client that asks first", () => {
  test("is told to go on, and not before it is asked", async () => {
    const { port } = await serveHttp();
    const { send, closed, until } = client(port, head(`${close}content-length: 5\r\nexpect: 100-continue\r\n`));
    assert.equal(await until(/100/), "HTTP/1.1 100 Continue\r\n\r\n");
    send("hello");
    assert.match(await closed, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 [^]*"bytes":5/);
  });

  test("is told also when it did not wait, not when it has nothing to send", async () => {
    const { port } = await serveHttp();
    assert.match(
      await raw(port, post("/p", "hello", `${close}expect: 100-continue\r\n`)),
      /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /,
    );
    assert.match(await raw(port, post("/p", "", `${close}expect: 100-continue\r\n`)), /^HTTP\/1\.1 200 /);
  });

  test("is never told when it is refused", async () => {
    const { port } = await serveHttp({ limitBytes: 100, memoryBytes: 50 });
    for (const [more, status] of [
      ["content-length: 101\r\n", 413],
      ["content-length: 60\r\n", 503],
      ["content-length: 10\r\ncontent-encoding: br\r\n", 415],
    ] as const) {
      const text = await raw(port, head(`${more}expect: 100-continue\r\n`));
      assert.match(text, new RegExp(`^HTTP/1\\.1 ${status} [^]*connection: close`));
    }
  });
});
