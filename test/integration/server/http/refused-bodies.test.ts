import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { client, megabyte, post, raw, serveHttp } from "./harness.ts";
import { chunked, close, head, numbered } from "./request-bytes.ts";

describe("a body that is refused", () => {
  test("by its length before it is read: 413 at once, nothing reserved, and the client that goes on sending reads it", async () => {
    const { port, peak, overs } = await serveHttp({ limitBytes: 1000 });
    const { socket, closed } = client(port, head(`content-length: ${100 * megabyte}\r\n`));
    const piece = Buffer.alloc(256 * 1024);
    const pump = (): void => {
      while (!socket.destroyed && socket.writable && socket.write(piece));
    };
    socket.on("drain", pump);
    pump();
    const text = await closed;
    assert.match(text, /^HTTP\/1\.1 413 [^]*connection: close[^]*more than the 1000 bytes/);
    assert.equal(peak(), 0);
    assert.deepEqual(
      overs.map(({ code, end }) => [code, end]),
      [["BodyTooLarge", "sent"]],
    );
    assert.ok(socket.bytesWritten < 50 * megabyte);
  });

  test("by its size while it comes in chunks", async () => {
    const { port, peak } = await serveHttp({ limitBytes: 100_000 });
    const text = await raw(
      port,
      Buffer.concat([Buffer.from(head("transfer-encoding: chunked\r\n")), chunked(numbered(200_000), 999)]),
    );
    assert.match(text, /^HTTP\/1\.1 413 /);
    assert.ok(peak() <= 100_000);
  });

  test("one that never ends is cut off after what is read over", async () => {
    const { port, server } = await serveHttp({
      limitBytes: 1000,
      limits: { lingerSeconds: 0.2, sweepMilliseconds: 20 },
    });
    const { socket, closed } = client(port, head("transfer-encoding: chunked\r\n"));
    // It does not mind that the server has ended.
    socket.removeAllListeners("end");
    const chunk = chunked(numbered(100_000), 100_000).subarray(0, -5);
    const pump = (): void => {
      while (!socket.destroyed && socket.writable && socket.write(chunk));
    };
    socket.on("drain", pump);
    pump();
    assert.match(await closed, /^HTTP\/1\.1 413 /);
    // A megabyte is read over; the rest is what the kernels hold for a connection.
    assert.ok(socket.bytesWritten - socket.writableLength < 16 * megabyte, `${socket.bytesWritten} bytes were taken`);
    while (server.connections() > 0) await new Promise(setImmediate);
    assert.match(await raw(port, post("/next", "x", close)), / 200 /, "the next client is served");
  });

  test("for a lack of memory: 503 with retry-after, and it is given back", async () => {
    const { port, taken } = await serveHttp({ memoryBytes: 1000 });
    const first = client(port, head("content-length: 900\r\n"));
    while (taken() === 0) await new Promise(setImmediate);
    const text = await raw(port, post("/p", "x".repeat(500), close));
    assert.match(text, /^HTTP\/1\.1 503 [^]*retry-after: 1\r\n[^]*"Overloaded"/);
    first.send("x".repeat(900));
    await first.until(/"bytes":900/);
    assert.equal(taken(), 0);
    assert.match(await raw(port, post("/p", "x".repeat(500), close)), / 200 /);
    first.socket.destroy();
  });

  test("for its compression: 415 if unknown, 400 if broken, and the connection goes on when the rest is short", async () => {
    const { port } = await serveHttp();
    const unknown = post("/p", "hello", "content-encoding: br\r\n");
    const lie = post("/p", "hello", "content-encoding: gzip\r\n");
    const text = await raw(port, unknown + lie + post("/p", "hello", close));
    assert.match(text, /^HTTP\/1\.1 415 [^]*HTTP\/1\.1 400 [^]*HTTP\/1\.1 200 /);
    const cut = gzipSync("hello").subarray(0, -1);
    assert.match(
      await raw(
        port,
        Buffer.concat([Buffer.from(head(`${close}content-encoding: gzip\r\ncontent-length: ${cut.length}\r\n`)), cut]),
      ),
      /^HTTP\/1\.1 400 [^]*BadCompression/,
    );
  });

  test("for its chunks", async () => {
    const { port } = await serveHttp();
    assert.match(
      await raw(port, `${head("transfer-encoding: chunked\r\n")}3\nabc\n0\n\n`),
      /^HTTP\/1\.1 400 [^]*connection: close[^]*BadChunks/,
    );
  });

  for (const [kind, compress] of [
    ["gzip", gzipSync],
    ["deflate", deflateSync],
    ["zstd", zstdCompressSync],
  ] as const) {
    test(`a small ${kind} bomb never holds more than was allowed, by limit or by memory`, async () => {
      const bomb = compress(Buffer.alloc(40 * megabyte));
      const request = Buffer.concat([
        Buffer.from(head(`content-encoding: ${kind}\r\ncontent-length: ${bomb.length}\r\n`)),
        bomb,
      ]);
      const limited = await serveHttp({ limitBytes: megabyte });
      assert.match(await raw(limited.port, request, true), /^HTTP\/1\.1 413 /);
      assert.ok(limited.peak() < 10 * megabyte);
      const short = await serveHttp({ memoryBytes: 10 * megabyte });
      assert.match(await raw(short.port, request, true), /^HTTP\/1\.1 503 /);
      assert.equal(short.taken(), 0);
      assert.match(await raw(short.port, post("/p", "x", close)), / 200 /);
    });
  }
});
