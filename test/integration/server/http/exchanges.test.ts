import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import type { Exchange } from "../../../../server/http/handler.ts";
import { answerJson, client, post, type ServedHttp, serveHttp } from "./harness.ts";

const goOn = "HTTP/1.1 100 Continue\r\n\r\n";

/** A server that answers when the test says so. */
async function serveHeld(options: Parameters<typeof serveHttp>[0] = {}): Promise<ServedHttp & { held: Exchange[] }> {
  const held: Exchange[] = [];
  const served = await serveHttp({ ...options, whole: (exchange) => void held.push(exchange) });
  return { ...served, held };
}

test("an answer in the middle of a body: its rest is read over to the byte, and the next request is answered", async () => {
  let early: Exchange | undefined;
  const { port, taken } = await serveHttp({
    head(exchange, plan) {
      early ??= exchange;
      return plan;
    },
  });
  const { send, until } = client(port, "POST /1 HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc");
  while (taken() === 0) await new Promise(setImmediate);
  if (early !== undefined) answerJson(early, "early");
  await until(/connection: keep-alive[^]*"early"$/);
  send("defg");
  await new Promise(setImmediate);
  send(`hij${post("/2", "x", "connection: close\r\n")}`);
  await until(/"early"HTTP\/1\.1 200 [^]*"path":"\/2"/);
});

describe("a client that has closed its sending side", () => {
  test("is told with the answer to its last request that the connection ends, not before", async () => {
    const { port, held, over } = await serveHeld();
    const { socket, closed } = client(port, post("/1", "x") + post("/2", "x"));
    while (held.length < 1) await new Promise(setImmediate);
    const ended = once(socket, "finish");
    socket.end();
    await ended;
    if (held[0] !== undefined) answerJson(held[0], 1);
    await over(1);
    while (held.length < 2) await new Promise(setImmediate);
    // Its end is told behind the second request.
    for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
    if (held[1] !== undefined) answerJson(held[1], 2);
    assert.match(await closed, /^HTTP\/1\.1 200 [^]*connection: keep-alive\r\n\r\n1[^]*connection: close\r\n/);
  });

  for (const [name, version, isEnding, asked] of [
    ["is asked twice whether it still reads", "1.1", true, 2],
    ["is not asked over HTTP/1.0", "1.0", true, 0],
    ["and one that has not is not asked", "1.1", false, 0],
  ] as const) {
    test(name, async () => {
      const { port, held } = await serveHeld({ limits: { sweepMilliseconds: 5, idleSeconds: 0.1 } });
      const { socket, closed } = client(port, `GET / HTTP/${version}\r\nhost: a\r\nconnection: close\r\n\r\n`);
      while (held.length === 0) await new Promise(setImmediate);
      if (isEnding) socket.end();
      // The sweep that asks ends an idle connection after twenty rounds.
      await client(port).closed;
      await client(port).closed;
      if (held[0] !== undefined) answerJson(held[0], 1);
      const text = await closed;
      assert.equal(text.split(goOn).length - 1, asked);
      assert.match(text, /HTTP\/1\.1 200 [^]*\r\n\r\n1$/);
    });
  }
});
