import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createNodeServer, request as httpRequest } from "node:http";
import { describe, test } from "node:test";
import type { Exchange } from "../../../../server/http/handler.ts";
import { answerJson, client, megabyte, post, raw, serveHttp } from "./harness.ts";

describe("requests", () => {
  test("one after the other on a kept-alive connection, with what every answer has", async () => {
    const { port, overs } = await serveHttp();
    const { send, until, socket } = client(port);
    send("GET /v2?a=b HTTP/1.1\r\nhost: a\r\nx-request-id: mine\r\n\r\n");
    const first = await until(/"bytes":0\}$/);
    assert.match(first, /^HTTP\/1\.1 200 OK\r\ncontent-type: application\/json\r\ncontent-length: \d+\r\n/);
    assert.match(
      first,
      /\r\nx-request-id: mine\r\ndate: \w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT\r\nconnection: keep-alive\r\n\r\n/,
    );
    assert.match(first, /\{"method":"GET","path":"\/v2","query":"a=b","id":"mine","bytes":0\}$/);
    send(post("/x", "hello"));
    assert.match(await until(/"bytes":5\}$/), /"method":"POST","path":"\/x","query":"","id":"new-1"/);
    socket.end();
    assert.deepEqual(
      overs.map(({ id, status, end }) => [id, status, end]),
      [
        ["mine", 200, "sent"],
        ["new-1", 200, "sent"],
      ],
    );
  });

  test("pipelined ones are answered in order, one at a time, though their handlers take turns of the loop", async () => {
    let open = 0;
    const seen: number[] = [];
    const { port, server } = await serveHttp({
      whole(exchange, body) {
        open += 1;
        seen.push(open);
        setImmediate(() => {
          open -= 1;
          answerJson(exchange, [exchange.path, body.length]);
        });
      },
    });
    const paths = Array.from({ length: 50 }, (_, index) => `/${index}`);
    const requests = paths.map((path, index) => post(path, "x".repeat(index)));
    const text = await raw(port, `${requests.join("")}GET /last HTTP/1.1\r\nconnection: close\r\n\r\n`);
    const answers = [...text.matchAll(/\[".*?",\d+\]/g)].map(([answer]) => answer);
    assert.deepEqual(answers, [...paths.map((path, index) => JSON.stringify([path, index])), '["/last",0]']);
    assert.ok(seen.every((count) => count === 1));
    assert.equal(server.exchanges(), 0);
  });

  test("what comes in pieces while an answer is made is answered next, however much of it is read ahead", async () => {
    const first = Promise.withResolvers<Exchange>();
    const bodies: string[] = [];
    const { port } = await serveHttp({
      whole(exchange, body) {
        bodies.push(Buffer.from(body).toString("latin1"));
        if (exchange.path === "/first") first.resolve(exchange);
        else answerJson(exchange, exchange.path);
      },
    });
    const { socket, until } = client(port, post("/first", "x"));
    const exchange = await first.promise;
    const wanted = ["x", "abc".repeat(5000), "", "def".repeat(50_000)];
    const ahead = wanted.slice(1).map((body, index) => post(`/${index}`, body));
    for (const piece of ahead.join("").match(/[^]{1,1500}/g) ?? []) {
      socket.write(piece);
      // As many turns as it takes to be read in a piece of its own.
      for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    }
    assert.equal(bodies.length, 1);
    answerJson(exchange, "/first");
    await until(/"\/2"$/);
    assert.ok(bodies.length === wanted.length && bodies.every((body, index) => body === wanted[index]));
  });

  test("what comes without end while an answer is made is not read to its end", async () => {
    const first = Promise.withResolvers<Exchange>();
    const { port } = await serveHttp({ whole: first.resolve });
    const { socket } = client(port, post("/first", "x"));
    await first.promise;
    // Far more than the kernel keeps on the way.
    socket.write(Buffer.alloc(64 * megabyte, "GET / HTTP/1.1\r\nhost: a\r\n\r\n"));
    for (let turn = 0; turn < 2000; turn++) await new Promise(setImmediate);
    assert.ok(socket.writableLength > 0);
  });

  test("pipelined ones of one client do not keep another waiting", async () => {
    const order: string[] = [];
    const { port } = await serveHttp({
      head(exchange) {
        order.push(exchange.path);
        answerJson(exchange, 1);
        return undefined;
      },
    });
    const other = client(port);
    await once(other.socket, "connect");
    const many = client(port, "GET /many HTTP/1.1\r\n\r\n".repeat(2000));
    await many.until(/^HTTP/);
    other.send("GET /other HTTP/1.1\r\nconnection: close\r\n\r\n");
    await other.closed;
    const ahead = order.indexOf("/other");
    assert.ok(ahead < 1000, `${ahead} came first`);
    many.socket.destroy();
  });

  test("a client that closes its sending side gets its answers, late ones too", async () => {
    const waiting: Exchange[] = [];
    const { port, over } = await serveHttp({ whole: (exchange) => void waiting.push(exchange) });
    const { closed, socket, until } = client(port, post("/a", "{}") + post("/b", "{}"));
    socket.end();
    while (waiting.length === 0) await new Promise(setImmediate);
    assert.equal(waiting[0]?.isGone, false);
    answerJson(waiting[0], "a");
    await until(/"a"$/);
    while (waiting.length === 1) await new Promise(setImmediate);
    assert.ok(waiting[1]);
    answerJson(waiting[1], "b");
    assert.match(await closed, /"a"HTTP\/1\.1 200 OK[^]*"b"$/);
    await over(2);
  });

  test("targets in absolute form name the path", async () => {
    const { port } = await serveHttp();
    const text = await raw(port, "GET http://example.com/v2?x HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    assert.match(text, /"path":"\/v2","query":"x"/);
  });

  test("HTTP/1.0 ends the connection unless it asks to keep it", async () => {
    const { port } = await serveHttp();
    assert.match(await raw(port, "GET / HTTP/1.0\r\n\r\n"), /^HTTP\/1\.1 200 [^]*connection: close\r\n/);
    const { until, socket } = client(port, "GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n");
    assert.match(await until(/bytes/), /connection: keep-alive\r\n/);
    socket.end();
  });

  test("HEAD is answered with the head of GET's answer", async () => {
    const { port } = await serveHttp({
      head(exchange) {
        exchange.answer({ status: 200, headers: {}, parts: ["hello"] });
        return undefined;
      },
    });
    const text = await raw(port, "HEAD / HTTP/1.1\r\n\r\nHEAD / HTTP/1.1\r\nconnection: close\r\n\r\n");
    assert.match(text, /^HTTP\/1\.1 200 OK\r\ncontent-length: 5\r\n[^]*\r\n\r\nHTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n$/);
    assert.doesNotMatch(text, /hello/);
  });

  test("an upgrade is ignored, trailers and an empty line behind a body are read over", async () => {
    const { port } = await serveHttp();
    const upgrade = "GET /1 HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n";
    const trailers = "POST /2 HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nchecksum: 9\r\n\r\n";
    const last = "GET /4 HTTP/1.1\r\nconnection: close\r\n\r\n";
    const text = await raw(port, `${upgrade}${trailers}${post("/3", "abc")}\r\n${last}`);
    assert.deepEqual(
      [...text.matchAll(/"path":"(.*?)".*?"bytes":(\d+)/g)].map(([, path, bytes]) => `${path} ${bytes}`),
      ["/1 0", "/2 2", "/3 3", "/4 0"],
    );
  });

  test("a head in many pieces, and one that was read before the socket was taken over", async () => {
    const { port } = await serveHttp();
    const { send, until, socket } = client(port);
    await once(socket, "connect");
    for (const byte of post("/slow", "hi")) {
      send(byte);
      await new Promise(setImmediate);
    }
    assert.match(await until(/bytes/), /"path":"\/slow".*"bytes":2/);
    socket.end();
  });

  test("node:http's client is served, with and without a body", async () => {
    const { port } = await serveHttp();
    for (const body of [undefined, "hello"]) {
      const request = httpRequest({ port, host: "127.0.0.1", method: "POST", path: "/p", agent: false });
      request.end(body);
      const [response] = (await once(request, "response")) as [AsyncIterable<Buffer>];
      let text = "";
      for await (const chunk of response) text += chunk.toString();
      assert.match(text, new RegExp(`"bytes":${body?.length ?? 0}`));
    }
  });
});

describe("what is no request that can be served", () => {
  const table: readonly (readonly [string, string, number, string, boolean])[] = [
    ["bytes that are not HTTP", "hello there\r\n\r\n", 400, "NotHttp", true],
    [
      "both lengths",
      "POST / HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
      400,
      "NotHttp",
      true,
    ],
    ["a head that is cut off by the client", "GET / HTT", 400, "NotHttp", true],
    ["a huge head", `GET / HTTP/1.1\r\nx: ${"a".repeat(20_000)}\r\n\r\n`, 431, "HeaderTooLarge", true],
    ["a head of whitespace", `GET / HTTP/1.1\r\nx:${" ".repeat(200_000)}`, 431, "HeaderTooLarge", true],
    ["a tunnel", "CONNECT a:1 HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n", 501, "TunnelUnsupported", true],
    ["all resources", "OPTIONS * HTTP/1.1\r\n\r\n", 405, "MethodNotAllowed", false],
    ["a target that is no path", "GET ftp://a/b HTTP/1.1\r\n\r\n", 400, "BadTarget", false],
    ["HTTP/2.0", "GET / HTTP/2.0\r\n\r\n", 505, "UnsupportedVersion", true],
    ["HTTP/0.9", "GET /\r\n\r\n", 505, "UnsupportedVersion", true],
    [
      "an expectation",
      "POST / HTTP/1.1\r\nexpect: gold\r\ncontent-length: 1\r\n\r\na",
      417,
      "UnknownExpectation",
      true,
    ],
    [
      "a transfer coding",
      "POST / HTTP/1.1\r\ntransfer-encoding: gzip, chunked\r\n\r\n",
      501,
      "UnknownTransferEncoding",
      true,
    ],
  ];
  for (const [name, bytes, status, code, isLast] of table) {
    test(`${name}: ${status}, as JSON with a request id`, async () => {
      const { port, server } = await serveHttp();
      const text = await raw(port, bytes, true);
      assert.match(text, new RegExp(`^HTTP/1\\.1 ${status} .*\\r\\n`));
      assert.match(text, /\r\ncontent-type: application\/json\r\n/);
      assert.match(text, /\r\nx-request-id: new-1\r\ndate: /);
      if (isLast) assert.match(text, /\r\nconnection: close\r\n/);
      assert.match(text, new RegExp(`\\{"error":".*","code":"${code}"\\}$`));
      assert.doesNotMatch(text, /200 OK/);
      assert.equal(server.exchanges(), 0);
    });
  }

  test("it is over for the handler too when it was an exchange, with the client's id", async () => {
    const { port, overs } = await serveHttp();
    await raw(port, "POST /x HTTP/1.1\r\nexpect: gold\r\nx-request-id: mine\r\ncontent-length: 1\r\n\r\na", true);
    assert.deepEqual(overs, [{ id: "mine", path: "/x", status: 417, code: "UnknownExpectation", end: "sent" }]);
  });

  test("405 to all resources says what is allowed", async () => {
    const { port } = await serveHttp();
    assert.match(await raw(port, "OPTIONS * HTTP/1.1\r\n\r\n", true), /\r\nallow: GET, HEAD, POST\r\n/);
  });
});

describe("a handler that throws", () => {
  for (const where of ["head", "whole"] as const) {
    test(`in ${where}: 500, told once, and the connection goes on`, async () => {
      let count = 0;
      const thrower = (): never => {
        throw new Error(`boom ${++count}`);
      };
      const { port, faults, overs } = await serveHttp({ [where]: thrower });
      const text = await raw(port, post("/", "x").repeat(2), true);
      assert.equal([...text.matchAll(/HTTP\/1\.1 500 /g)].length, 2);
      assert.match(text, /"code":"Internal"/);
      assert.doesNotMatch(text, /boom/);
      assert.deepEqual(faults.map(String), ["Error: boom 1", "Error: boom 2"]);
      assert.deepEqual(
        overs.map(({ end }) => end),
        ["sent", "sent"],
      );
    });
  }

  test("in over: told, and the next request is served", async () => {
    const { port, faults } = await serveHttp({
      onOver() {
        throw new Error("boom");
      },
    });
    const text = await raw(port, post("/", "x").repeat(2), true);
    assert.equal([...text.matchAll(/HTTP\/1\.1 200 /g)].length, 2);
    assert.equal(faults.length, 2);
  });
});

describe("a connection that is handed over", () => {
  test("goes on with node:http, body, pipelined requests and all, under the exchange's id", async () => {
    const node = createNodeServer((request, response) => {
      void (async () => {
        let text = "";
        for await (const chunk of request) text += String(chunk);
        response.end(JSON.stringify([request.method, request.url, request.headers["x-request-id"], text]));
      })();
    });
    const { port, server, overs } = await serveHttp({
      head(exchange, plan) {
        if (!exchange.path.startsWith("/page")) return plan;
        const { socket, head } = exchange.handOver();
        // Later, as after a way to another process: what comes meanwhile must not be lost.
        setTimeout(() => {
          node.emit("connection", socket);
          socket.unshift(head);
          socket.resume();
        }, 20);
        assert.equal(exchange.isGone, true);
        return undefined;
      },
    });
    const { send, until, closed } = client(port, post("/own", "x"));
    await until(/"bytes":1/);
    send(`${post("/page?a=1", "hello", "X-Request-Id: bad id\r\n")}GET /page/2 HTTP/1.1\r\n`);
    while (server.connections() > 0) await new Promise(setImmediate);
    send("host: a\r\nconnection: close\r\n\r\n");
    const text = await closed;
    assert.match(text, /\["POST","\/page\?a=1","new-2","hello"\]/);
    assert.match(text, /\["GET","\/page\/2",null,""\]/);
    assert.equal(server.connections(), 0);
    assert.deepEqual(
      overs.map(({ path, end }) => [path, end]),
      [
        ["/own", "sent"],
        ["/page", "sent"],
      ],
    );
  });

  test("not after its answer", async () => {
    const errors: unknown[] = [];
    const { port } = await serveHttp({
      whole(exchange) {
        answerJson(exchange, 1);
        try {
          exchange.handOver();
        } catch (error) {
          errors.push(error);
        }
      },
    });
    await raw(port, post("/", "x"), true);
    assert.equal(errors.length, 1);
  });
});
