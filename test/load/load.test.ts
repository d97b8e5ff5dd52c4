import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { judge, runLoad } from "./load.ts";
import type { LoadSummary } from "./tally.ts";

const connections = 4;

test("connections are kept, and the rate is a bound", async (t) => {
  const url = await serve(t, (_request, response) => response.end('{"model_version":"v1"}'));
  const summary = await loadFor(url, 600, 100);
  assert.equal(summary.failed, 0);
  assert.equal(summary.connectionsOpened, connections);
  assert.ok(summary.requests >= connections && summary.requests <= 0.1 * summary.seconds * 1000 + connections);
  assert.equal(summary.byVersion["v1"]?.answers, summary.requests);
});

test("an answer with Connection: close costs a connection and no request", async (t) => {
  let answers = 0;
  const url = await serve(t, (_request, response) => {
    answers += 1;
    if (answers === 3) response.setHeader("connection", "close");
    response.end('{"model_version":"v1"}');
  });
  const summary = await loadFor(url, 500, 100);
  assert.equal(summary.failed, 0);
  assert.equal(summary.connectionsOpened, connections + 1);
});

test("a reset connection is a failed request, told by its error and never sent again", async (t) => {
  let requests = 0;
  const url = await serve(t, (request, response) => {
    requests += 1;
    if (requests === 3) request.socket.resetAndDestroy();
    else response.end('{"model_version":"v1"}');
  });
  const summary = await loadFor(url, 500, 100);
  assert.equal(summary.failed, 1);
  assert.deepEqual(summary.byError, { ECONNRESET: 1 });
  assert.equal(summary.requests, requests);
});

test("nothing listening is a failure and no exception", async () => {
  const summary = await loadFor("http://127.0.0.1:1/", 100, 50);
  assert.equal(summary.failed, summary.requests);
  assert.ok((summary.byError["ECONNREFUSED"] ?? 0) > 0);
});

const verdicts = [
  {
    answer: { status: 200, body: '{"model_name":"m", "model_version": "v2"}' },
    verdict: { status: 200, version: "v2" },
  },
  { answer: { status: 503, body: '{"error":"busy"}' }, verdict: { status: 503, error: "HTTP 503" } },
  { answer: { status: 200, body: "{}" }, verdict: { status: 200, error: "answer without model_version" } },
  { answer: { error: "ECONNRESET" }, verdict: { error: "ECONNRESET" } },
] as const;

for (const { answer, verdict } of verdicts) {
  test(`${JSON.stringify(answer)} counts as ${JSON.stringify(verdict)}`, () => {
    assert.deepEqual(judge(answer), verdict);
  });
}

async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer((request, response) => {
    request.resume().on("end", () => listener(request, response));
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

async function loadFor(url: string, milliseconds: number, ratePerSecond: number): Promise<LoadSummary> {
  const body = new TextEncoder().encode("{}");
  const options = { url, body, contentType: "application/json", connections, ratePerSecond };
  return runLoad(options, AbortSignal.timeout(milliseconds));
}
