import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { askReport, readReport } from "./pod-report.ts";

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

const nothing = { crash: undefined, provider: undefined };

test("the newest crash of a report and what runs the model are read, and nothing else of it", async (t) => {
  const port = await serve(t, (request, response) => {
    assert.equal(request.url, "/slipway/report");
    const repeatedCrashes = [crash, { ...crash, requestId: "older" }];
    response.end(JSON.stringify({ model: "m", provider: "tensorrt", repeatedCrashes }));
  });
  assert.deepEqual(await askReport("127.0.0.1", 10_000, port), { crash, provider: "tensorrt" });
});

const full = { provider: "cuda", repeatedCrashes: [crash] };
const answers: readonly (readonly [string, RequestListener])[] = [
  ["an error", (_, response) => response.writeHead(503).end(JSON.stringify(full))],
  ["no JSON", (_, response) => response.end("<html>")],
  ["more than a report has", (_, response) => response.end(JSON.stringify({ ...full, more: "x".repeat(70_000) }))],
  ["a reset", (request) => request.socket.resetAndDestroy()],
  ["the beginning of an answer", (request, response) => response.write("{", () => request.socket.destroy())],
  ["silence", () => undefined],
];
for (const [name, listener] of answers) {
  test(`${name} is no report`, async (t) => {
    const port = await serve(t, listener);
    assert.deepEqual(await askReport("127.0.0.1", name === "silence" ? 50 : 10_000, port), nothing);
  });
}

test("a pod that is not there tells nothing", async () => {
  assert.deepEqual(await askReport("127.0.0.1", 10_000, 1), nothing);
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
  for (const [report, isOne] of table) assert.equal(readReport(JSON.stringify(report)).crash !== undefined, isOne);
  const { crash: long } = readReport(
    JSON.stringify({
      repeatedCrashes: [{ ...crash, requestId: "\u2028".repeat(500), message: "m".repeat(5000), more: 1 }],
    }),
  );
  assert.ok((long?.requestId.length ?? 999) <= 128 && (long?.message.length ?? 999) <= 512);
  assert.doesNotMatch(String(long?.requestId), /\u2028/);
  assert.equal(Object.keys(long ?? {}).length, 4);
});

test("only what is the name of a provider is taken for one, whatever else of the report is wrong", () => {
  const table: readonly (readonly [unknown, string | undefined])[] = [
    [{ provider: "cuda" }, "cuda"],
    [{ provider: "cpu", repeatedCrashes: "none" }, "cpu"],
    [{ provider: "tensorrt", repeatedCrashes: [{ ...crash, inputs: "x" }] }, "tensorrt"],
    [{}, undefined],
    [null, undefined],
    ["cpu", undefined],
    ...["", "CPU", "cuda, cpu", "rocm", "toString", 0, 2, null, true, ["cpu"], { cpu: true }].map(
      (provider) => [{ provider }, undefined] as const,
    ),
  ];
  for (const [report, provider] of table) {
    assert.deepEqual(readReport(JSON.stringify(report)), { crash: undefined, provider });
  }
  assert.deepEqual(readReport(JSON.stringify({ provider: "rocm", repeatedCrashes: [crash] })).crash, crash);
});
