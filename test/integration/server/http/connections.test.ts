import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import type { Exchange } from "../../../../server/http/handler.ts";
import { answerJson, client, post, raw, type ServedHttp, serveHttp } from "./harness.ts";
import { close } from "./request-bytes.ts";

/** Hundredths of the usual times. */
const fast = {
  sweepMilliseconds: 10,
  headSeconds: 0.15,
  bodySeconds: 0.3,
  paceSeconds: 0.1,
  paceBytesPerSecond: 100_000,
  idleSeconds: 0.3,
  lingerSeconds: 0.1,
};

async function connected(served: ServedHttp, count: number): Promise<void> {
  while (served.server.connections() !== count) await new Promise(setImmediate);
}

describe("slow clients", () => {
  test("a head that does not come to its end: 408", async () => {
    const { port } = await serveHttp({ limits: fast });
    assert.match(
      await raw(port, "GET / HTTP/1.1\r\nhost:"),
      /^HTTP\/1\.1 408 [^]*x-request-id: new-1\r\n[^]*connection: close[^]*HeaderTimedOut/,
    );
  });

  test("a small body has the whole time, and then 408; the connection ends though its rest is short", async () => {
    const { port, overs } = await serveHttp({ limits: fast });
    const text = await raw(port, "POST / HTTP/1.1\r\ncontent-length: 100\r\n\r\nabc");
    assert.match(text, /^HTTP\/1\.1 408 [^]*connection: close[^]*did not arrive within 0\.3 s/);
    assert.deepEqual(
      overs.map(({ code, end }) => [code, end]),
      [["BodyTimedOut", "sent"]],
    );
  });

  test("a large one that stops at its last byte is found by its pace, and its memory is given back", async () => {
    const { port, taken, overs } = await serveHttp({ limits: { ...fast, bodySeconds: 1e6 } });
    const { closed, socket } = client(port, "POST / HTTP/1.1\r\ncontent-length: 1000001\r\n\r\n");
    socket.write(Buffer.alloc(1_000_000));
    assert.match(await closed, /^HTTP\/1\.1 408 [^]*slower than 100000 bytes a second/);
    assert.equal(overs[0]?.code, "BodyTooSlow");
    assert.equal(taken(), 0);
  });

  test("one that comes at its pace is taken, however long it is", async () => {
    const { port } = await serveHttp({ limits: fast });
    const { send, until, socket } = client(port, "POST / HTTP/1.1\r\ncontent-length: 200000\r\n\r\n");
    for (let count = 0; count < 40; count += 1) {
      send(Buffer.alloc(5000));
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
    await until(/"bytes":200000/);
    socket.destroy();
  });

  test("a stop of this process is not held against them", async () => {
    const { port } = await serveHttp({
      limits: fast,
      whole(exchange) {
        if (exchange.path === "/stop") {
          const end = performance.now() + 700;
          while (performance.now() < end);
        }
        answerJson(exchange, exchange.path);
      },
    });
    const slow = client(port, "POST /slow HTTP/1.1\r\ncontent-length: 3\r\n\r\na");
    const late = client(port, "POST /late HTTP/1.1\r\ncontent-");
    await Promise.all([once(slow.socket, "connect"), once(late.socket, "connect")]);
    assert.match(await raw(port, post("/stop", "x", close)), /"\/stop"/);
    slow.send("bc");
    late.send("length: 1\r\n\r\nx");
    await Promise.all([slow.until(/ 200 [^]*"\/slow"/), late.until(/ 200 [^]*"\/late"/)]);
    slow.socket.destroy();
    late.socket.destroy();
  });

  test("the rest of a refused body that does not come ends the connection", async () => {
    const { port } = await serveHttp({
      limits: fast,
      head(exchange) {
        answerJson(exchange, 1);
        return undefined;
      },
    });
    assert.match(
      await raw(port, "POST / HTTP/1.1\r\ncontent-length: 100\r\n\r\nabc"),
      /^HTTP\/1\.1 200 [^]*keep-alive/,
    );
  });

  test("an idle connection ends after its time, without a word", async () => {
    const { port } = await serveHttp({ limits: fast });
    assert.equal(await raw(port, ""), "");
    assert.match(await raw(port, "GET / HTTP/1.1\r\n\r\n"), /^HTTP\/1\.1 200 [^]*"bytes":0\}$/);
  });

  test("who does not close his side is waited for, but not for long", async () => {
    const served = await serveHttp({ limits: fast });
    const { socket, until } = client(served.port);
    socket.removeAllListeners("end");
    socket.write(`GET / HTTP/1.1\r\n${close}\r\n`);
    await until(/bytes/);
    await connected(served, 0);
    socket.destroy();
  });
});

describe("too many connections", () => {
  test("the one that is idle longest makes room", async () => {
    const served = await serveHttp({ maximumConnections: 3 });
    const [a, b, c] = [client(served.port), client(served.port), client(served.port)];
    for (const [index, one] of [a, b, c].entries()) {
      one.send(`GET /${index} HTTP/1.1\r\n\r\n`);
      await one.until(/bytes/);
    }
    a.send("GET /again HTTP/1.1\r\n\r\n");
    await a.until(/again/);
    assert.match(await raw(served.port, `GET /new HTTP/1.1\r\n${close}\r\n`), / 200 /);
    await b.closed;
    assert.equal(a.socket.readyState, "open");
    assert.equal(c.socket.readyState, "open");
    a.socket.destroy();
    c.socket.destroy();
  });

  test("when none is idle the new one is refused, and those that work are not disturbed", async () => {
    const waiting: Exchange[] = [];
    const served = await serveHttp({ maximumConnections: 3, whole: (exchange) => void waiting.push(exchange) });
    const head = client(served.port, "GET /head HT");
    const body = client(served.port, "POST /body HTTP/1.1\r\ncontent-length: 2\r\n\r\na");
    const answer = client(served.port, post("/answer", "x"));
    await connected(served, 3);
    while (waiting.length === 0 || served.server.exchanges() < 2) await new Promise(setImmediate);
    // The part of a head is read when a later connection was served.
    const refused = await raw(served.port, "GET / HTTP/1.1\r\n\r\n");
    assert.match(
      refused,
      /^HTTP\/1\.1 503 [^]*retry-after: 1\r\n[^]*x-request-id: new-\d+\r\n[^]*connection: close\r\n[^]*TooManyConnections/,
    );
    head.send("TP/1.1\r\n\r\n");
    body.send("b");
    while (waiting.length < 3) await new Promise(setImmediate);
    for (const exchange of waiting) answerJson(exchange, exchange.path);
    await Promise.all([head.until(/"\/head"/), body.until(/"\/body"/), answer.until(/"\/answer"/)]);
    for (const { socket } of [head, body, answer]) socket.destroy();
  });

  test("a thousand idle ones do not keep the next client out", async () => {
    const served = await serveHttp({ maximumConnections: 300 });
    const idle = Array.from({ length: 1000 }, () => client(served.port));
    await Promise.all(idle.map(({ socket }) => once(socket, "connect")));
    assert.match(await raw(served.port, `GET /new HTTP/1.1\r\n${close}\r\n`), / 200 /);
    assert.ok(served.server.connections() <= 300);
    for (const { socket } of idle) socket.destroy();
    await connected(served, 0);
  });
});

describe("the end of a server", () => {
  test("idle connections end, those that never sent a byte too; others with their answer", async () => {
    let isDraining = false;
    const waiting: Exchange[] = [];
    const served = await serveHttp({
      isLast: () => isDraining,
      whole: (exchange) => (exchange.path === "/wait" ? void waiting.push(exchange) : answerJson(exchange, 1)),
    });
    const silent = client(served.port);
    const idle = client(served.port, "GET /idle HTTP/1.1\r\n\r\n");
    await idle.until(/1$/);
    const part = client(served.port, "GET /part HT");
    const busy = client(served.port, post("/wait", "x"));
    await connected(served, 4);
    while (waiting.length === 0) await new Promise(setImmediate);
    isDraining = true;
    served.server.endIdle();
    assert.equal(await silent.closed, "");
    assert.match(await idle.closed, /keep-alive[^]*1$/);
    part.send("TP/1.1\r\n\r\n");
    assert.match(await part.closed, /connection: close[^]*1$/);
    assert.ok(waiting[0]);
    answerJson(waiting[0], 2);
    assert.match(await busy.closed, /connection: close[^]*2$/);
    await connected(served, 0);
    assert.equal(served.server.exchanges(), 0);
  });

  test("destroyAll ends what is under way as gone, at once", async () => {
    const waiting: Exchange[] = [];
    const served = await serveHttp({ whole: (exchange) => void waiting.push(exchange) });
    const busy = client(served.port, post("/wait", "x"));
    const body = client(served.port, "POST /body HTTP/1.1\r\ncontent-length: 2\r\n\r\na");
    while (waiting.length === 0 || served.server.exchanges() < 2) await new Promise(setImmediate);
    served.server.destroyAll();
    assert.deepEqual(
      served.overs.map(({ end }) => end),
      ["gone", "gone"],
    );
    assert.deepEqual([served.server.connections(), served.server.exchanges(), served.taken()], [0, 0, 0]);
    await Promise.all([busy.closed, body.closed]);
  });
});
