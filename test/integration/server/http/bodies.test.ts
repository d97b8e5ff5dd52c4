import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import { deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { answerJson, client, megabyte, post, raw, serveHttp } from "./harness.ts";

const close = "connection: close\r\n";

function head(more: string): string {
  return `POST /p HTTP/1.1\r\nhost: a\r\n${more}\r\n`;
}

/** Bytes that say where they are. */
function numbered(bytes: number): Buffer {
  const body = Buffer.alloc(bytes);
  for (let index = 0; index < bytes; index += 1) body[index] = (index * 31 + (index >> 8)) % 251;
  return body;
}

function chunked(body: Uint8Array, size: number): Buffer {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < body.length; at += size) {
    const piece = body.subarray(at, at + size);
    pieces.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from("\r\n"));
  }
  return Buffer.concat([...pieces, Buffer.from("0\r\n\r\n")]);
}

describe("a body arrives as it was sent, and its memory is given back", () => {
  const sizes = [1, 7, 8, 1000, 65_536, 600_000, 5 * megabyte];
  const forms: readonly (readonly [string, (body: Buffer) => Uint8Array])[] = [
    [
      "with its length",
      (body) => Buffer.concat([Buffer.from(head(`${close}content-length: ${body.length}\r\n`)), body]),
    ],
    [
      "chunked",
      (body) => Buffer.concat([Buffer.from(head(`${close}transfer-encoding: chunked\r\n`)), chunked(body, 50_000)]),
    ],
    ["in gzip", (body) => compressed("gzip", gzipSync(body))],
    [
      "in x-gzip of two members",
      (body) => compressed("x-gzip", Buffer.concat([gzipSync(body.subarray(0, 5)), gzipSync(body.subarray(5))])),
    ],
    ["in deflate", (body) => compressed("deflate", deflateSync(body))],
    ["in zstd", (body) => compressed("zstd", zstdCompressSync(body))],
    ["under an empty content-encoding", (body) => compressed("", body)],
    [
      "in gzip, chunked",
      (body) =>
        Buffer.concat([
          Buffer.from(head(`${close}content-encoding: gzip\r\ntransfer-encoding: chunked\r\n`)),
          chunked(gzipSync(body), 1000),
        ]),
    ],
  ];
  function compressed(name: string, bytes: Uint8Array): Uint8Array {
    return Buffer.concat([
      Buffer.from(head(`${close}content-encoding: ${name}\r\ncontent-length: ${bytes.length}\r\n`)),
      bytes,
    ]);
  }
  for (const [name, form] of forms) {
    test(name, async () => {
      const seen: boolean[] = [];
      let expected: Buffer = Buffer.alloc(0);
      const { port, taken, peak } = await serveHttp({
        head: (_exchange, plan) => ({ ...plan, bytesBefore: 5 }),
        whole(exchange, body) {
          // What came with its head is used where it lies.
          const isPlaced = body.byteOffset === 5 || body.length < 65_536;
          seen.push(expected.equals(body), isPlaced, peak() >= body.length);
          answerJson(exchange, "ok");
        },
      });
      for (const size of sizes) {
        expected = numbered(size);
        assert.match(await raw(port, form(expected)), /^HTTP\/1\.1 200 [^]*"ok"$/, `${size}`);
        assert.equal(taken(), 0);
      }
      assert.deepEqual(
        seen,
        Array.from({ length: 3 * sizes.length }, () => true),
      );
    });
  }

  test("one that comes with its head, at every offset", async () => {
    const seen: boolean[] = [];
    const { port } = await serveHttp({
      whole(exchange, body) {
        seen.push(Buffer.from(body).equals(numbered(64)));
        answerJson(exchange, 1);
      },
    });
    for (let pad = 0; pad < 9; pad += 1) {
      const header = `x-pad: ${"a".repeat(pad)}\r\n${close}content-length: 64\r\n`;
      await raw(port, Buffer.concat([Buffer.from(head(header)), numbered(64)]));
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 9 }, () => true),
    );
  });

  test("large ones use the same memory one after the other, and never while another has it", async () => {
    const buffers: unknown[] = [];
    const { port } = await serveHttp({
      whole(exchange, body) {
        buffers.push(body.buffer);
        const first = body[0];
        setImmediate(() => {
          assert.equal(body[0], first);
          answerJson(exchange, 1);
        });
      },
    });
    const bytes = (value: number): Buffer =>
      Buffer.concat([Buffer.from(head("content-length: 600000\r\n")), Buffer.alloc(600_000, value)]);
    const one = client(port, bytes(1));
    await one.until(/\r\n\r\n1$/);
    one.send(bytes(2));
    await one.until(/\r\n\r\n1HTTP[^]*\r\n\r\n1$/);
    assert.equal(buffers[0], buffers[1]);
    await Promise.all([3, 4, 5, 6].map((value) => client(port, bytes(value)).until(/\r\n\r\n1$/)));
    one.socket.destroy();
  });
});

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

describe("a client that goes away", () => {
  for (const [name, leave] of [
    ["by a reset", (socket: { resetAndDestroy: () => void }) => socket.resetAndDestroy()],
    ["politely", (socket: { end: () => void }) => socket.end()],
  ] as const) {
    test(`${name} in the middle of its body: gone, and its memory is given back`, async () => {
      const { port, over, overs, taken } = await serveHttp();
      const { socket } = client(port, `${head("content-length: 100000\r\n")}abc`);
      while (taken() === 0) await new Promise(setImmediate);
      leave(socket);
      await over(1);
      assert.deepEqual(
        overs.map(({ end, status }) => [end, status]),
        [["gone", 0]],
      );
      assert.equal(taken(), 0);
    });
  }

  test("while its body is inflated", async () => {
    const { port, over, overs, taken } = await serveHttp();
    const body = gzipSync(Buffer.alloc(60 * megabyte));
    const { socket } = client(
      port,
      Buffer.concat([Buffer.from(head(`content-encoding: gzip\r\ncontent-length: ${body.length}\r\n`)), body]),
    );
    while (taken() < megabyte) await new Promise(setImmediate);
    socket.resetAndDestroy();
    await over(1);
    assert.deepEqual(
      overs.map(({ end }) => end),
      ["gone"],
    );
    assert.equal(taken(), 0);
  });

  test("while its answer is made: isGone, and the answer is of no consequence", async () => {
    const { port, over, overs, faults } = await serveHttp({
      whole(exchange) {
        const look = (): void => {
          if (!exchange.isGone) return void setImmediate(look);
          answerJson(exchange, 1);
        };
        look();
      },
    });
    const { socket } = client(port, post("/p", "x"));
    await once(socket, "connect");
    await new Promise(setImmediate);
    socket.resetAndDestroy();
    await over(1);
    assert.deepEqual(
      overs.map(({ end, status }) => [end, status]),
      [["gone", 0]],
    );
    assert.deepEqual(faults, []);
  });

  test("just before its answer is written: gone, though nobody has told yet", async () => {
    let reset = (): void => undefined;
    const { port, over, overs } = await serveHttp({
      whole(exchange) {
        reset();
        answerJson(exchange, 1);
      },
    });
    const { socket } = client(port, post("/p", "x"));
    reset = () => void socket.resetAndDestroy();
    await over(1);
    assert.deepEqual(
      overs.map(({ end }) => end),
      ["gone"],
    );
  });
});

test("an error of ours while a body comes in ends its connection, and no other", async () => {
  const { port, faults } = await serveHttp({
    head(_exchange, plan) {
      return {
        ...plan,
        take() {
          throw new Error("planted");
        },
      };
    },
  });
  const other = client(port);
  const text = await raw(port, "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
  assert.equal(text, "");
  assert.deepEqual(
    faults.map((fault) => (fault as Error).message),
    ["planted"],
  );
  other.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
  await other.until(/^HTTP\/1\.1 200/);
});
