import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { after, describe, test } from "node:test";
import { randomBytes } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import { isProblem, type Problem } from "../../../../server/errors.ts";
import { createBodyReception } from "../../../../server/http/body/body-reception.ts";
import { createBufferPool } from "../../../../server/bytes/buffer-pool.ts";
import type { Exchange } from "../../../../server/http/handler.ts";
import { createSharedReads } from "../../../../server/http/shared-reads.ts";
import { answerJson, client, megabyte, post, serveHttp } from "./harness.ts";

describe("one buffer for the reads of all connections", { timeout: 20_000 }, () => {
  const waiting: { exchange: Exchange; body: Uint8Array }[] = [];
  let arrived = (): void => undefined;
  const come = async (count: number): Promise<void> => {
    while (waiting.length < count) await new Promise<void>((resolve) => (arrived = resolve));
  };
  const holding = {
    whole(exchange: Exchange, body: Uint8Array) {
      waiting.push({ exchange, body });
      arrived();
    },
  };
  const answerAll = (): void => {
    for (const { exchange, body } of waiting.splice(0)) {
      answerJson(exchange, { path: exchange.path, body: Buffer.from(body).toString("latin1") });
    }
  };

  test("a body that waits is not overwritten by what others send", async () => {
    const { port } = await serveHttp(holding);
    const first = client(port, post("/first", "a".repeat(300)));
    await come(1);
    const second = client(port, post("/second", "b".repeat(300)));
    await come(2);
    answerAll();
    assert.match(await first.until(/}$/), /"body":"a{300}"/);
    assert.match(await second.until(/}$/), /"body":"b{300}"/);
  });

  test("nor is the request behind one that waits", async () => {
    const { port } = await serveHttp(holding);
    const first = client(port, post("/first", "one") + post("/behind", "c".repeat(300)));
    await come(1);
    const second = client(port, post("/second", "b".repeat(2000)));
    await come(2);
    answerAll();
    await come(1);
    answerAll();
    assert.match(await first.until(/"\/behind"[^]*}$/), /"body":"c{300}"/);
    await second.until(/}$/);
  });

  test("nor is a head that comes in two pieces, nor a compressed body", async () => {
    const { port } = await serveHttp(holding);
    const whole = post("/split", "d".repeat(100), `x-long: ${"e".repeat(200)}\r\n`);
    const first = client(port, whole.slice(0, 120));
    const zipped = gzipSync("f".repeat(5000));
    const second = client(
      port,
      `POST /zip HTTP/1.1\r\ncontent-encoding: gzip\r\ncontent-length: ${zipped.length}\r\n\r\n`,
    );
    second.send(zipped.subarray(0, 10));
    const third = client(port, post("/third", "g".repeat(3000)));
    await come(1);
    first.send(whole.slice(120));
    second.send(zipped.subarray(10));
    await come(3);
    answerAll();
    assert.match(await first.until(/}$/), /"path":"\/split","body":"d{100}"/);
    assert.match(await second.until(/}$/), /"body":"f{5000}"/);
    await third.until(/}$/);
  });
});

test("a compressed body is read later than it is given", async () => {
  const zipped = gzipSync(randomBytes(50_000));
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const framing = {
    bodyBytes: zipped.length,
    contentEncoding: "gzip",
    isContinueExpected: false,
    requestId: undefined,
  };
  const plan = { limitBytes: megabyte, take: () => true };
  const refused = ({ message }: Problem): void => reject(new Error(message));
  const reception = createBodyReception(framing, plan, createBufferPool(megabyte), {
    whole: resolve,
    refused,
    ready: () => undefined,
  });
  assert.ok(!isProblem(reception));
  const read = Buffer.from(zipped);
  reception.feed(read, 0);
  read.fill(0);
  assert.ok(gunzipSync(zipped).equals(await promise), "the bytes are those that were given");
});

test("a connection moves from socket to socket and loses no byte, and each knows of its end", async () => {
  const reads = createSharedReads();
  const sockets: Socket[] = [];
  let text = "";
  const listener = createServer({ allowHalfOpen: true }, (given) => {
    sockets.push(given);
    const adopted = reads.adopt(given, (chunk) => {
      text += Buffer.from(chunk).toString("latin1");
      if (text !== "one") return;
      const plain = reads.release(adopted);
      sockets.push(adopted, plain);
      plain.on("data", (more: Buffer) => {
        text += more.toString("latin1");
        plain.write(`${text}.`);
      });
      plain.on("end", () => plain.end());
      plain.resume();
    });
  });
  after(() => listener.close());
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const address = listener.address();
  assert.ok(address !== null && typeof address === "object");
  const { socket, until, closed } = client(address.port, "one");
  while (sockets.length < 3) await new Promise(setImmediate);
  const ends = Promise.all(sockets.map(async (each) => once(each, "close")));
  socket.write("two");
  await until(/onetwo\./);
  socket.end();
  await Promise.all([closed, ends]);
});
