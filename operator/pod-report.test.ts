import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { askCrash, readCrash } from "./pod-report.ts";

const crash = { requestId: "r", inputs: "ab".repeat(32), message: "ended by SIGFPE", secondsAgo: 5 };

async function serve(t: TestContext, listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

test("the newest crash of a report is read, and nothing else of it", async (t) => {
  const port = await serve(t, (request, response) => {
    assert.equal(request.url, "/slipway/report");
    response.end(JSON.stringify({ model: "m", repeatedCrashes: [crash, { ...crash, requestId: "older" }] }));
  });
  assert.deepEqual(await askCrash("127.0.0.1", 10_000, port), crash);
});

const answers: readonly (readonly [string, RequestListener])[] = [
  ["an error", (_, response) => response.writeHead(503).end(JSON.stringify({ repeatedCrashes: [crash] }))],
  ["no JSON", (_, response) => response.end("<html>")],
  [
    "more than a report has",
    (_, response) => response.end(JSON.stringify({ repeatedCrashes: [crash], more: "x".repeat(70_000) })),
  ],
  ["a reset", (request) => request.socket.resetAndDestroy()],
  ["the beginning of an answer", (request, response) => response.write("{", () => request.socket.destroy())],
  ["silence", () => undefined],
];
for (const [name, listener] of answers) {
  test(`${name} is no crash`, async (t) => {
    const port = await serve(t, listener);
    assert.equal(await askCrash("127.0.0.1", name === "silence" ? 50 : 10_000, port), undefined);
  });
}

test("a pod that is not there is no crash", async () => {
  assert.equal(await askCrash("127.0.0.1", 10_000, 1), undefined);
});

test("only what has the shape of a crash is taken for one, cut and cleaned for a status", () => {
  const table: readonly (readonly [unknown, boolean])[] = [
    [{ repeatedCrashes: [crash] }, true],
    [{ repeatedCrashes: [] }, false],
    [{ repeatedCrashes: crash }, false],
    [{}, false],
    [null, false],
    [[crash], false],
    ...["requestId", "inputs", "message", "secondsAgo"].map(
      (field) => [{ repeatedCrashes: [{ ...crash, [field]: null }] }, false] as const,
    ),
    [{ repeatedCrashes: [{ ...crash, inputs: "../../etc" }] }, false],
    [{ repeatedCrashes: [{ ...crash, secondsAgo: -1 }] }, false],
  ];
  for (const [report, isOne] of table) assert.equal(readCrash(JSON.stringify(report)) !== undefined, isOne);
  const long = readCrash(
    JSON.stringify({
      repeatedCrashes: [{ ...crash, requestId: "\u2028".repeat(500), message: "m".repeat(5000), more: 1 }],
    }),
  );
  assert.ok((long?.requestId.length ?? 999) <= 128 && (long?.message.length ?? 999) <= 512);
  assert.doesNotMatch(String(long?.requestId), /\u2028/);
  assert.equal(Object.keys(long ?? {}).length, 4);
});
