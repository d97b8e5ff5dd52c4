import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { answerJson, client, megabyte, raw, serveHttp } from "./harness.ts";
import { chunked, close, head, numbered } from "./request-bytes.ts";

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
