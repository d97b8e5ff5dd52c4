import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, test } from "node:test";
import { expandModel } from "../../fixtures/models/arithmetic.ts";
import { call, post, type RunningServer, startServer } from "./harness.ts";

/** As long as a single can be, 16 characters with their comma; and V8 has no string beyond 512 MiB. */
const count = 35_000_000;
const value = "-1.40902455e-30";
const body = JSON.stringify({ input_data: { x: [Number(value)], shape: [count] } });

const model = expandModel();

let server: RunningServer;
before(async () => {
  server = await startServer({ files: { "model.onnx": model } });
});
after(() => server.stop());

interface Received {
  readonly status: number;
  readonly bytes: number;
  readonly end: string;
  /** Whether another prediction, asked for with the first bytes, was answered before the last ones came. */
  readonly isShared: boolean;
}

/** Reads the answer to its end without keeping it. */
function receive(): Promise<Received> {
  return new Promise((resolve, reject) => {
    const sent = request(`${server.url}/predict`, { method: "POST", agent: false }, (response) => {
      let bytes = 0;
      let end = "";
      let isShared = false;
      response.once("data", () => {
        const small = post(`${server.url}/predict`, { input_data: { x: [1], shape: [2] } });
        small.then(({ text }) => (isShared = text.includes("[1,1]")), reject);
      });
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        end = (end + chunk.toString("latin1", Math.max(0, chunk.length - 64))).slice(-64);
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, bytes, end, isShared }));
      response.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

test("an answer of more than 512 MiB of JSON arrives whole, and others are answered meanwhile", async () => {
  const begin = '{"model_name":"m","model_version":"v1","predictions":[';
  const expected = begin.length + count * (value.length + 1) - 1 + "]}".length;
  assert.ok(expected > 512 * 1024 * 1024);
  const { status, bytes, end, isShared } = await receive();
  assert.deepEqual([status, bytes], [200, expected]);
  assert.ok(end.endsWith(`,${value}]}`), end);
  assert.equal(isShared, true);
});

test("one for which there is no memory is refused with what to do", async () => {
  const small = await startServer({
    files: { "model.onnx": model },
    variables: { SLIPWAY_MEMORY_LIMIT_BYTES: String(400 * 1024 * 1024) },
  });
  const reply = await call(`${small.url}/predict`, { body });
  assert.equal(reply.status, 503, reply.text.slice(0, 300));
  assert.match(reply.text, /fewer outputs or send smaller batches.*"AnswerTooLarge"/);
  await small.stop();
});
