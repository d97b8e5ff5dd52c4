import assert from "node:assert/strict";
import { createServer } from "node:http";
import { constants, createServer as createHttp2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { judge, runLoad } from "./load.ts";
import type { LoadSummary } from "./tally.ts";

const connections = 4;

/** Enough for every connection to be used several times. */
const requests = 40;
const ratePerSecond = 200;

const options = {
  body: new TextEncoder().encode("{}"),
  contentType: "application/json",
  connections,
  ratePerSecond,
} as const;

test("connections are kept, and the rate is a bound", async (t) => {
  const summary = await loadUntilServed(t, () => "answer");
  assert.equal(summary.failed, 0);
  assert.equal(summary.connectionsOpened, connections);
  assert.ok(summary.requests <= ratePerSecond * summary.seconds + connections);
  assert.equal(summary.byVersion["v1"]?.answers, summary.requests);
});

test("an answer with Connection: close costs a connection and no request", async (t) => {
  const summary = await loadUntilServed(t, (ordinal) => (ordinal === 3 ? "close" : "answer"));
  assert.equal(summary.failed, 0);
  assert.equal(summary.connectionsOpened, connections + 1);
});

test("a reset connection is a failed request, told by its error and never sent again", async (t) => {
  const summary = await loadUntilServed(t, (ordinal) => (ordinal === 3 ? "reset" : "answer"));
  assert.equal(summary.failed, 1);
  assert.deepEqual(summary.byError, { ECONNRESET: 1 });
});

test("nothing listening is a failure and no exception", async () => {
  const stop = new AbortController();
  const onProgress = (): void => stop.abort();
  const summary = await runLoad({ ...options, url: "http://127.0.0.1:1/", onProgress }, stop.signal);
  assert.ok(summary.requests > 0);
  assert.deepEqual(summary.byError, { ECONNREFUSED: summary.requests });
});

test("calls of gRPC go to another connection after a GOAWAY, and one that is cut off is a failure", async (t) => {
  const stop = new AbortController();
  let served = 0;
  const server = createHttp2Server();
  server.on("stream", (stream) => {
    stream.on("error", () => undefined);
    stream.resume().on("end", () => {
      const ordinal = (served += 1);
      if (served === requests) stop.abort();
      if (ordinal === 7) return stream.close(constants.NGHTTP2_INTERNAL_ERROR);
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": ordinal === 9 ? "14" : "0" }));
      // A prefix of five bytes, and model_version, the second field.
      stream.end(Buffer.from([0, 0, 0, 0, 4, 0x12, 2, 0x76, 0x31]));
      if (ordinal === 3) stream.session?.close();
    });
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  t.after(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const summary = await runLoad({ ...options, contentType: "application/grpc", url }, stop.signal);
  assert.equal(summary.requests, served);
  assert.equal(summary.failed, 2);
  assert.deepEqual(Object.values(summary.byError), [1, 1]);
  assert.equal(summary.byError["gRPC status 14"], 1);
  assert.equal(summary.connectionsOpened, connections + 1);
  assert.equal(summary.byVersion["v1"]?.answers, served - 2);
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

type Reaction = "answer" | "close" | "reset";

/** Lets the client run against a server until that has had so many requests, and checks that it counted each once. */
async function loadUntilServed(t: TestContext, react: (ordinal: number) => Reaction): Promise<LoadSummary> {
  const stop = new AbortController();
  let served = 0;
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      served += 1;
      if (served === requests) stop.abort();
      const reaction = react(served);
      if (reaction === "reset") return request.socket.resetAndDestroy();
      if (reaction === "close") response.setHeader("connection", "close");
      return response.end('{"model_version":"v1"}');
    });
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const summary = await runLoad({ ...options, url: `http://127.0.0.1:${port}/` }, stop.signal);
  assert.equal(summary.requests, served);
  return summary;
}
