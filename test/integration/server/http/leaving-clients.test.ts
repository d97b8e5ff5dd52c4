import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { answerJson, client, megabyte, post, serveHttp } from "./harness.ts";
import { head } from "./request-bytes.ts";

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

  for (const [name, leave] of [
    ["by a reset", (socket: { resetAndDestroy: () => void }) => socket.resetAndDestroy()],
    ["politely", (socket: { destroy: () => void }) => socket.destroy()],
  ] as const) {
    test(`${name} while its answer is made, having sent its next request: gone, and that is never begun`, async () => {
      const begun: string[] = [];
      const { port, over, overs } = await serveHttp({ whole: (exchange) => void begun.push(exchange.path) });
      const { socket } = client(port, post("/first", "x"));
      while (begun.length === 0) await new Promise(setImmediate);
      // In several pieces, the first of which is there when the others come.
      for (const piece of [post("/second", "y"), post("/third", "z").slice(0, 20)]) {
        socket.write(piece);
        for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
      }
      leave(socket);
      await over(1);
      assert.deepEqual([begun, overs.map(({ end }) => end)], [["/first"], ["gone"]]);
    });
  }

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
