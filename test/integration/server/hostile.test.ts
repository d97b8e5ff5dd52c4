import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { identityModel } from "../../fixtures/onnx.ts";
import { call, eventually, post, type RunningServer, startServer } from "./harness.ts";
import { watchMemory } from "./memory.ts";

const mebibyte = 1024 ** 2;
const limit = 512 * mebibyte;
const limited = { SLIPWAY_MEMORY_LIMIT_BYTES: String(limit), SLIPWAY_WORKERS: "2" };
const identity = { "model.onnx": identityModel({ dims: ["n"] }) };

/** What a pod of 512 MiB has to stand: it is never above its limit, no process of it is lost, and others are served. */
async function isUnharmed(server: RunningServer, peak: number): Promise<void> {
  assert.ok(peak < limit, `${Math.round(peak / mebibyte)} MiB were held`);
  assert.equal((await call(`${server.url}/v2/health/ready`)).status, 200);
  await eventually(
    "others are served",
    async () => (await post(`${server.url}/predict`, { input_data: [1] })).status === 200,
  );
  const { text } = await call(`${server.metricsUrl}/metrics`);
  assert.match(text, /^slipway_workers_replaced_total\{.*\} 0$/m);
  await server.stop();
}

test("64 bodies that inflate to 40 MB each, all at once", async () => {
  const server = await startServer({ files: identity, variables: limited });
  const watch = watchMemory(server);
  const bomb = gzipSync(Buffer.from(`{"input_data":[${"0,".repeat(20_000_000)}0]}`));
  const headers = { "content-encoding": "gzip" };
  const replies = await Promise.all(
    Array.from({ length: 64 }, () => call(`${server.url}/predict`, { body: bomb, headers })),
  );
  for (const { status, text } of replies)
    assert.ok([200, 413, 503].includes(status), `${status} ${text.slice(0, 200)}`);
  await isUnharmed(server, await watch());
});

test("60 clients that ask for large answers and read none of them", async () => {
  const server = await startServer({ files: identity, variables: limited });
  const watch = watchMemory(server);
  const body = JSON.stringify({ input_data: Array.from({ length: 200_000 }, (_, index) => index + 0.123) });
  const sockets = Array.from({ length: 60 }, () => connect(server.port, "127.0.0.1").pause());
  for (const socket of sockets) {
    socket.on("error", () => undefined);
    socket.write(`POST /predict HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  }
  await eventually("nothing of theirs is held any more", async () =>
    /^slipway_requests_in_flight\{.*\} 0$/m.test((await call(`${server.metricsUrl}/metrics`)).text),
  );
  const peak = await watch();
  for (const socket of sockets) socket.destroy();
  await isUnharmed(server, peak);
});
