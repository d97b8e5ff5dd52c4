import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Reply } from "../../../../server/http/handler.ts";
import { client, megabyte, post, raw, type ServedHttp, serveHttp } from "./harness.ts";
import { close } from "./request-bytes.ts";

const get = `GET / HTTP/1.1\r\n${close}\r\n`;

function serveReply(
  make: () => Omit<Reply, "headers">,
  more: Parameters<typeof serveHttp>[0] = {},
): Promise<ServedHttp> {
  return serveHttp({ ...more, whole: (exchange) => exchange.answer({ headers: {}, ...make() }) });
}

function bodyOf(text: string): string {
  return text.slice(text.indexOf("\r\n\r\n") + 4);
}

/** Takes the chunks apart, strictly. */
function unchunked(body: string): string {
  let rest = body;
  let text = "";
  for (;;) {
    const line = /^([0-9a-f]+)\r\n/.exec(rest);
    assert.ok(line?.[1] !== undefined, "a chunk's size");
    const size = Number.parseInt(line[1], 16);
    rest = rest.slice(line[0].length);
    text += rest.slice(0, size);
    assert.equal(rest.slice(size, size + 2), "\r\n");
    rest = rest.slice(size + 2);
    if (size === 0) break;
  }
  assert.equal(rest, "");
  return text;
}

function* lines(count: number): Generator<string | Uint8Array> {
  for (let index = 0; index < count; index += 1)
    yield index % 3 === 0 ? Buffer.from(`line ${index}\n`) : `line ${index}\n`;
}

describe("an answer", () => {
  const texts: readonly (readonly [string, readonly (string | Uint8Array)[]])[] = [
    ["of nothing", []],
    ["of an empty string", [""]],
    ["of ASCII", ["hello"]],
    ["of other text", ["grüße, 世界 🌍"]],
    ["of several parts", ["a", "ü", Buffer.from([1, 2, 0xff]), "", new Uint8Array(0), "z"]],
    ["of bytes", [Buffer.alloc(100_000, 7)]],
    ["of many parts", Array.from({ length: 5000 }, (_, index) => `${index},`)],
    ["of several megabytes in one string", ["0123456789".repeat(300_000)]],
    ["of several megabytes in other text", ["ü世".repeat(500_000)]],
    ["of several megabytes in bytes", [Buffer.alloc(megabyte, 1), "x", Buffer.alloc(3 * megabyte, 2)]],
  ];
  for (const [name, parts] of texts) {
    test(`${name} arrives as it is, with its length`, async () => {
      const expected = Buffer.concat(parts.map((part) => Buffer.from(part)));
      const { port, over, overs } = await serveReply(() => ({ status: 200, parts }));
      const text = await raw(port, get);
      assert.match(text.slice(0, 300), new RegExp(`\\r\\ncontent-length: ${expected.length}\\r\\n`));
      assert.equal(Buffer.from(bodyOf(text), "latin1").equals(expected), true);
      await over(1);
      assert.equal(overs[0]?.end, "sent");
    });
  }

  test("of an iterable is chunked, and the connection goes on", async () => {
    const { port } = await serveReply(() => ({ status: 200, parts: lines(100_000) }));
    const text = await raw(port, `GET / HTTP/1.1\r\n\r\n${get}`);
    const second = text.indexOf("HTTP/1.1", 8);
    for (const answer of [text.slice(0, second), text.slice(second)]) {
      assert.match(answer.slice(0, 200), /\r\ntransfer-encoding: chunked\r\n/);
      assert.equal(unchunked(bodyOf(answer)) === [...lines(100_000)].map(String).join(""), true);
    }
  });

  test("of an iterable with a length has that length", async () => {
    const { port } = await serveReply(() => ({ status: 200, parts: lines(3), length: 21 }));
    assert.match(await raw(port, get), /\r\ncontent-length: 21\r\n[^]*\r\n\r\nline 0\nline 1\nline 2\n$/);
  });

  test("of an iterable to HTTP/1.0 ends with the connection", async () => {
    const { port } = await serveReply(() => ({ status: 200, parts: lines(3) }));
    const text = await raw(port, "GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n");
    assert.doesNotMatch(text, /transfer-encoding|content-length/);
    assert.match(text, /connection: close\r\n\r\nline 0\nline 1\nline 2\n$/);
  });

  test("of an iterable to HEAD is not pulled", async () => {
    let isPulled = false;
    function* pulled(): Generator<string> {
      isPulled = true;
      yield "x";
    }
    const { port } = await serveReply(() => ({ status: 200, parts: pulled() }));
    const text = await raw(port, `HEAD / HTTP/1.1\r\n${close}\r\n`);
    assert.match(text, /transfer-encoding: chunked\r\n[^]*\r\n\r\n$/);
    assert.equal(isPulled, false);
  });

  test("of 204 and 304 has no body and no length, and the next answer follows", async () => {
    for (const status of [204, 304]) {
      const { port } = await serveReply(() => ({ status, parts: ["x"] }));
      const text = await raw(port, `GET / HTTP/1.1\r\n\r\n${get}`);
      assert.doesNotMatch(text, /content-length|\r\n\r\nx/);
      assert.equal([...text.matchAll(new RegExp(`HTTP/1.1 ${status} `, "g"))].length, 2);
    }
  });

  test("that is the last, by its own word or the server's, ends the connection", async () => {
    const own = await serveReply(() => ({ status: 200, parts: [], isLast: true }));
    assert.match(
      await raw(own.port, "GET / HTTP/1.1\r\n\r\nGET /lost HTTP/1.1\r\n\r\n"),
      /^HTTP\/1\.1 200 [^]*connection: close\r\n\r\n$/,
    );
    const opened: number[] = [];
    let time = 7;
    const theirs = await serveReply(() => ({ status: 200, parts: [] }), {
      now: () => time++,
      isLast(when) {
        opened.push(when);
        return true;
      },
    });
    assert.match(await raw(theirs.port, "GET / HTTP/1.1\r\n\r\n"), /connection: close/);
    assert.deepEqual(opened, [7]);
  });

  test("counts once: a second one is ignored", async () => {
    const { port } = await serveHttp({
      whole(exchange) {
        for (const text of ["first", "second"]) exchange.answer({ status: 200, headers: {}, parts: [text] });
      },
    });
    assert.match(await raw(port, get), /first$/);
  });
});

describe("an answer whose parts cannot be told", () => {
  test("from the first on is 500", async () => {
    // oxlint-disable-next-line require-yield
    function* broken(): Generator<string> {
      throw new Error("boom");
    }
    const { port, faults, overs } = await serveReply(() => ({ status: 200, parts: broken() }));
    assert.match(await raw(port, get), /^HTTP\/1\.1 500 [^]*"Internal"/);
    assert.equal(faults.length, 1);
    assert.deepEqual(
      overs.map(({ status, end }) => [status, end]),
      [[500, "sent"]],
    );
  });

  test("half-way is cut off, so that nobody takes it for the whole", async () => {
    function* broken(): Generator<string> {
      yield "x".repeat(megabyte);
      throw new Error("boom");
    }
    const { port, faults, over, overs } = await serveReply(() => ({ status: 200, parts: broken() }));
    const text = await raw(port, get);
    assert.doesNotMatch(text.slice(-10), /\r\n0\r\n\r\n$/);
    await over(1);
    assert.equal(overs[0]?.end, "gone");
    assert.equal(faults.length, 1);
  });

  for (const [name, length] of [
    ["shorter", 2 * megabyte + 1],
    ["longer", 2 * megabyte - 1],
  ] as const) {
    test(`${name} than was said is cut off`, async () => {
      function* parts(): Generator<Uint8Array> {
        for (let count = 0; count < 8; count += 1) yield Buffer.alloc(megabyte / 4);
      }
      const { port, faults, over, overs } = await serveReply(() => ({ status: 200, parts: parts(), length }));
      const text = await raw(port, get);
      assert.ok(bodyOf(text).length < length);
      await over(1);
      assert.equal(overs[0]?.end, "gone");
      assert.match(String(faults[0]), /another length/);
    });
  }
});

describe("a client that does not read", () => {
  test("holds back the parts: they are pulled as they leave", async () => {
    let pulled = 0;
    let isClosed = false;
    function* endless(): Generator<Uint8Array> {
      try {
        for (;;) {
          pulled += 1;
          yield Buffer.alloc(megabyte);
        }
      } finally {
        isClosed = true;
      }
    }
    const { port, over, overs } = await serveReply(() => ({ status: 200, parts: endless() }), {
      limits: { paceSeconds: 0.2, paceBytesPerSecond: 8 * megabyte, sweepMilliseconds: 20 },
    });
    const { socket } = client(port);
    socket.pause();
    socket.write(get);
    await over(1);
    assert.deepEqual(
      overs.map(({ status, end }) => [status, end]),
      [[200, "gone"]],
    );
    assert.ok(pulled < 40, `${pulled} MB were made`);
    assert.equal(isClosed, true, "the iterable is told to end");
    socket.destroy();
  });

  test("and has a large answer of one part: gone, in bounded time", async () => {
    const { port, over, overs, server } = await serveReply(
      () => ({ status: 200, parts: [Buffer.alloc(50 * megabyte)] }),
      {
        limits: { paceSeconds: 0.2, paceBytesPerSecond: 8 * megabyte, sweepMilliseconds: 20 },
      },
    );
    const { socket } = client(port);
    socket.pause();
    socket.write(get);
    await over(1);
    assert.equal(overs[0]?.end, "gone");
    assert.equal(server.connections(), 0);
    socket.destroy();
  });

  test("and sends on and on is not read: its next requests begin when its answers have left", async () => {
    let begun = 0;
    const { port } = await serveHttp({
      whole(exchange) {
        begun += 1;
        exchange.answer({ status: 200, headers: {}, parts: [Buffer.alloc(megabyte)] });
      },
    });
    const { socket } = client(port);
    socket.pause();
    for (let count = 0; count < 100; count += 1) socket.write(post("/", "x".repeat(1000)));
    // As long as it takes others to get theirs.
    for (let count = 0; count < 20; count += 1) await raw(port, get);
    begun -= 20;
    assert.ok(begun < 60, `${begun} were begun`);
    socket.destroy();
  });
});
