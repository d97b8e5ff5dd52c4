/** A million requests over all protocols, one in two of them broken: the server holds as much at the end as early on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fuzz } from "../../integration/server/fuzz/fuzz.ts";
import { fuzzModel } from "../../integration/server/fuzz/good-requests.ts";
import { call, startServer } from "../../integration/server/harness.ts";
import { memoryOf } from "../../integration/server/memory.ts";

const requests = Number(process.env["SLIPWAY_SOAK_REQUESTS"] ?? 1_000_000);
const seed = Number(process.env["SLIPWAY_FUZZ_SEED"] ?? Math.floor(Math.random() * 2 ** 32));
/** Of the whole; memory is read after each. */
const parts = 40;
/** Heaps find their size while these are answered. */
const warmUpParts = 10;
const mebibyte = 1024 ** 2;
/** Of each process: with gigabytes of room V8 collects so late that what is dead looks like what is kept. */
const heapMebibytes = 64;
/** What a million requests may leave behind: 32 bytes each, less than anything that is kept of one. */
const allowedGrowth = 32 * mebibyte;

test("a million requests leave nothing behind", async () => {
  const server = await startServer({
    files: { "model.onnx": fuzzModel },
    variables: { SLIPWAY_WORKERS: "2", NODE_OPTIONS: `--max-old-space-size=${heapMebibytes}` },
  });
  const each = Math.ceil(requests / parts);
  const held: number[] = [];
  for (let part = 0; part < parts; part++) {
    const { failures } = await fuzz({
      port: server.port,
      seed,
      from: part * each,
      cases: each,
      goodOneIn: 2,
      lanes: 32,
    });
    assert.deepEqual(failures, []);
    held.push(await memoryOf(server));
  }
  const settled = held.slice(warmUpParts);
  const growth = slope(settled) * parts;
  const shown = held.map((bytes) => Math.round(bytes / mebibyte)).join(" ");
  console.log(`held, MiB: ${shown}; grows by ${(growth / mebibyte).toFixed(1)} MiB a run of ${requests} requests`);
  assert.ok(growth < allowedGrowth, `${Math.round(growth / mebibyte)} MiB more: ${shown}`);
  const { text } = await call(`${server.metricsUrl}/metrics`);
  assert.match(text, /^slipway_workers_replaced_total\{.*\} 0$/m);
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
});

/** Of the line that fits best, for each step. */
function slope(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const products = values.map((value, at) => (at - middle) * (value - mean));
  const squares = values.map((_, at) => (at - middle) ** 2);
  return products.reduce((sum, value) => sum + value, 0) / squares.reduce((sum, value) => sum + value, 0);
}
