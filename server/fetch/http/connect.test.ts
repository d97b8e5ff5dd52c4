import assert from "node:assert/strict";
import type { LookupFunction } from "node:net";
import { test } from "node:test";
import { Agent, request } from "undici";
import { freePort } from "../../../test/integration/fetch/servers/free-port.ts";
import { serve } from "../test-server.ts";
import { connectionProblem } from "./connection-problem.ts";
import { connectErrorOf, createConnector } from "./connect.ts";

/** What a request to a name ends with, when its addresses are these, and each look at the clock is a second later. */
async function problem(port: number, lookup: LookupFunction, connectMilliseconds = 10_000): Promise<unknown> {
  let time = 0;
  const now = (): number => (time += 1000);
  const agent = new Agent({
    connect: createConnector({ certificateAuthority: undefined, connectMilliseconds, now, lookup }),
  });
  try {
    const { body } = await request(`http://model.test:${port}/`, { dispatcher: agent });
    return await body.text();
  } catch (error) {
    return error;
  } finally {
    await agent.destroy();
  }
}

const both: LookupFunction = (_name, _options, callback) =>
  callback(null, [
    { address: "127.0.0.1", family: 4 },
    { address: "::1", family: 6 },
  ]);

test("every address that was tried is named with what came of it", async () => {
  const port = await freePort();
  const error = await problem(port, both);
  assert.deepEqual(
    connectErrorOf(error)
      ?.attempts.map(({ address }) => address)
      .toSorted(),
    ["127.0.0.1", "::1"],
  );
  assert.match(
    connectionProblem(error, `model.test:${port}`, 0).words,
    new RegExp(
      `^model\\.test:${port} cannot be reached: no connection to 127\\.0\\.0\\.1 \\(ECONNREFUSED\\), ::1 \\((ECONNREFUSED|EADDRNOTAVAIL|ENETUNREACH)\\)$`,
    ),
  );
});

test("one address that refuses, and a name without one, are told by their code", async () => {
  const port = await freePort();
  const one = await problem(port, (_name, _options, callback) => callback(null, [{ address: "127.0.0.1", family: 4 }]));
  assert.equal(
    connectionProblem(one, `model.test:${port}`, 0).words,
    `model.test:${port} cannot be reached (ECONNREFUSED)`,
  );
  const none = await problem(port, (_name, _options, callback) =>
    callback(Object.assign(new Error("no such name"), { code: "ENOTFOUND" }), []),
  );
  assert.equal(
    connectionProblem(none, `model.test:${port}`, 0).words,
    `model.test:${port} cannot be reached (ENOTFOUND)`,
  );
});

test("a time that is over is told as long as it was", async () => {
  const error = await problem(80, () => undefined, 20);
  // The clock was looked at twice.
  assert.deepEqual(connectionProblem(error, "model.test", 60_000), {
    isTimeout: true,
    isForGood: false,
    words: "model.test cannot be reached: no connection within 1 s",
  });
});

test("an address that works is found behind one that does not", async () => {
  const [, port = ""] = (await serve((_request, response) => void response.end("here"))).split(":");
  assert.equal(
    await problem(Number(port), (_name, _options, callback) =>
      callback(null, [
        { address: "::1", family: 6 },
        { address: "127.0.0.1", family: 4 },
      ]),
    ),
    "here",
  );
});

test("a connection that was there is told apart", () => {
  const coded = (code: string): Error => Object.assign(new Error("x"), { code });
  const problems: readonly [Error, boolean, string][] = [
    [coded("UND_ERR_HEADERS_TIMEOUT"), true, "host sent nothing for 60 s"],
    [coded("UND_ERR_BODY_TIMEOUT"), true, "host sent nothing for 60 s"],
    // TLS with a host behind a proxy, which the connector does not see.
    [coded("UND_ERR_CONNECT_TIMEOUT"), true, "host did not answer by TLS within 60 s"],
    // The kernel's own, of a connection that is dead: nobody counted its time.
    [coded("ETIMEDOUT"), false, "host cut the connection (ETIMEDOUT)"],
    [coded("ECONNRESET"), false, "host cut the connection (ECONNRESET)"],
    [new Error("x"), false, "host cut the connection"],
  ];
  for (const [error, isTimeout, words] of problems) {
    assert.deepEqual(connectionProblem(error, "host", 60_000), { isTimeout, isForGood: false, words });
  }
});
